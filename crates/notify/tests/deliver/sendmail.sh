#!/bin/sh
# Stands for a machine's sendmail: notes its arguments, environment and input in the folder it is
# called in by way of a link, then does what the file `plan` there says.
dir=$(dirname "$0")
printf '%s\n' "$@" >>"$dir/args"
env >"$dir/environment"
echo run >>"$dir/runs"
. "$dir/plan"
