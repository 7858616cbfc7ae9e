#!/bin/sh
# A coloured test run that is not through yet.
ok() { printf '\033[32mPASS\033[0m [%8s] \033[36m%s\033[0m::\033[1m%s\033[0m\n' "$1" "${2%%::*}" "${2#*::}"; }
printf '\033[1;32m   Compiling\033[0m shop v2.4.0\n'
printf '\033[1;32m    Finished\033[0m test profile in 4.12s\n'
printf '\033[1;34m     Running\033[0m 212 tests, 2 at once\n\n'
ok 0.004s cart::adds_an_item
ok 0.003s cart::keeps_the_order
ok 0.006s cart::survives_a_reload
ok 0.011s cart::totals_in_cents
ok 0.009s prices::rounds_half_to_even
ok 0.007s prices::knows_日本円
ok 0.041s search::finds_by_prefix
ok 0.038s search::ranks_by_use
printf '\033[1;31mFAIL\033[0m [  0.212s] \033[36msearch\033[0m::\033[1mforgives_typos\033[0m\n'
printf '\033[31m     expected\033[0m ["lantern"]\n\033[31m          got\033[0m []\n'
printf '\033[2m     at tests/search.rs:61:5\033[0m\n'
ok 0.035s search::ignores_case
ok 0.002s search::says_when_nothing_fits
ok 0.087s stock::reserves_for_ten_minutes
ok 0.120s stock::never_goes_below_zero
printf '\033[33mSLOW\033[0m [> 5.000s] \033[36mcheckout\033[0m::\033[1mtwo_at_once\033[0m\n'
ok 0.340s checkout::keeps_the_cart
ok 0.019s checkout::refuses_an_empty_cart
ok 1.204s checkout::pays_once
printf '\033[33m 137 of 212\033[0m, 1 failed, 2 running'
exec sleep 600
