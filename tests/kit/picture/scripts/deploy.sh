#!/bin/sh
sleep 600 &
echo 'tunnel opened in the background'
echo 'staging refused the image: quota exceeded' >&2
exit 4
