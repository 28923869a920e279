#!/bin/sh
# Takes the declarations of a release into the registry that a server serves.
#
#   after-release.sh ARCHIVE
#
# A packaging server calls it after each release, with the archive that people download.
# An archive that cannot be read, or whose declarations have errors, is not taken: the
# registry stays as it was, the command says why, and its status is 1.
#
#   RELEASES   the folder of all archives, which nothing else writes to
#   REGISTRY   the folder of registry.lock, which belongs under version control, and of what
#              is generated; the server reads generated/registry.binpb there
#   RELOAD     the command that makes the server read it again
set -eu

archive=$1
: "${RELEASES:=/srv/headcount/releases}" "${REGISTRY:=/srv/headcount/registry}"
: "${RELOAD:=systemctl reload headcount}"
mkdir -p "$RELEASES" "$REGISTRY"

# One release at a time: each takes the numbers that come next.
exec 9> "$REGISTRY/.after-release"
flock 9

place=$RELEASES/$(basename "$archive")
rm -f "$place.before"
if [ -e "$place" ]; then mv "$place" "$place.before"; fi
cp "$archive" "$place.new"
mv "$place.new" "$place"
if ! headcount-registry build "$RELEASES" \
  --lock "$REGISTRY/registry.lock" --out "$REGISTRY/generated"; then
  rm "$place"
  if [ -e "$place.before" ]; then mv "$place.before" "$place"; fi
  echo "after-release: $archive was not taken; the registry is as it was" >&2
  exit 1
fi
rm -f "$place.before"
$RELOAD
