#!/bin/sh
printf '\033[31merror\033[0m: unused variable: `total`\n  --> src/cart.rs:88:9\n'
exit 1
