#!/bin/sh
for done in 12 47 80 131 176 203; do
    printf '\rCompiling %s/240 crates' "$done"
done
exec sleep 600
