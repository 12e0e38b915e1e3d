#!/bin/sh
# Fetches Debian's kernel for the guests of QEMU, and keeps what they want of it in a folder. Nothing is
# installed. Wants apt-get, dpkg-deb and tar.
#
# Usage: fetch_debian_kernel.sh [FOLDER]
set -eu

folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/ringway/debian-kernel}
if ls "$folder"/boot/vmlinuz-* >/dev/null 2>&1; then
  echo "There already: $(ls "$folder"/boot/vmlinuz-*)"
  exit 0
fi

# The package of the kernel proper, by what the one that follows the newest depends on.
package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
if [ -z "$package" ]; then
  echo "No package linux-image-amd64 is known: run apt-get update, on Debian" >&2
  exit 1
fi

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
# As root apt-get would fetch as another user, for whom this folder is closed.
(cd "$work" && apt-get -q -o APT::Sandbox::User= download "$package")
mkdir "$work/tree"
dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb | tar -x -C "$work/tree" --wildcards \
  './boot/vmlinuz-*' '*/kernel/crypto/*' '*/kernel/drivers/virtio/*' '*/kernel/drivers/crypto/virtio/*'
rm -rf "$folder"
mv "$work/tree" "$folder"
echo "Kept in $folder: $(ls "$folder/boot")"
