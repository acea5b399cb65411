# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the scripts of the emulated machine share. To be sourced.
#
# Sets VM (this directory), TOP (the project), CACHE (kernels and other things
# that take long to make, outside the tree; $CIPE_CACHE to choose another).

set -euo pipefail

VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$VM/../.." && pwd)
CACHE=${CIPE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cipe}
export VM TOP CACHE

# die MESSAGE...: say why and end
die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# note MESSAGE...: progress, on stderr so that stdout stays the script's result
note()
{
	echo "# $*" >&2
}

# content_hash FILE...: 16 hex digits that change with any file's content
content_hash()
{
	local f

	for f; do
		sha256sum < "$f"
	done | sha256sum | cut -c1-16
}

# locked NAME COMMAND...: run COMMAND while no other process holds the cache's
# lock NAME
locked()
{
	local name=$1
	shift

	mkdir -p "$CACHE"
	(
		flock 9
		"$@" 9>&-
	) 9> "$CACHE/$name.lock"
}
