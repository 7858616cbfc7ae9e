#!/bin/sh
printf '\033[1mlistening\033[0m on http://localhost:8080\n'
for path in / /cart /cart/items /api/orders/1207 /health; do
    printf '\033[32m200\033[0m GET %s\n' "$path"
done
exec sleep 600
