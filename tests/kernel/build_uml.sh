#!/bin/sh
# Builds the User-Mode Linux kernel of the tests from Debian's linux-source-6.1: 2 to 4 minutes.
# Installs nothing but the kernel's file. Wants, of Debian: gcc libc6-dev make flex bison bc xz-utils.
#
# Usage: build_uml.sh KERNEL
set -eu

kernel=${1:?Usage: build_uml.sh KERNEL}
config=$(cd "$(dirname "$0")" && pwd)/uml.config
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in gcc make flex bison bc xz; do
  command -v "$tool" >/dev/null || {
    echo "Missing $tool: apt-get install gcc libc6-dev make flex bison bc xz-utils" >&2
    exit 1
  }
done

if [ -f /usr/src/linux-source-6.1.tar.xz ]; then
  tar -xJf /usr/src/linux-source-6.1.tar.xz -C "$work"
else
  (cd "$work" && apt-get -q -o APT::Sandbox::User= download linux-source-6.1)
  dpkg-deb --fsys-tarfile "$work"/linux-source-6.1_*.deb |
    tar -xO ./usr/src/linux-source-6.1.tar.xz | tar -xJ -C "$work"
fi

cd "$work"/linux-source-6.1
KCONFIG_ALLCONFIG=$config make -s ARCH=um allnoconfig
# An option that has gone, or whose needs are not met, is left out without a word.
for line in $(grep '^CONFIG' "$config"); do
  grep -qxF "$line" .config || {
    echo "Not in this kernel: $line" >&2
    exit 1
  }
done
nice make -s ARCH=um -j"$(nproc)" linux
strip -o linux.stripped linux
cd - >/dev/null
mv "$work"/linux-source-6.1/linux.stripped "$kernel"
echo "Built $kernel"
