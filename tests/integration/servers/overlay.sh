#!/bin/sh
# Runs a command in a view of this machine in which more packages are installed, without changing the machine: for
# servers whose packages exclude others. What is written there is gone afterwards, but for FOLDER, which is the same
# one inside and out. The network is shared. Needs root and an overlay file system.
# usage: sh overlay.sh FOLDER "PACKAGE..." COMMAND [ARGUMENT...]
set -eu
[ $# -ge 3 ] || { echo "usage: sh $0 FOLDER 'PACKAGE...' COMMAND [ARGUMENT...]" >&2; exit 2; }
# In namespaces of its own: when the command has ended, all it started and all that is mounted goes too.
[ -n "${SMTPOLL_OVERLAY:-}" ] || exec env SMTPOLL_OVERLAY=1 unshare --mount --propagation private --pid --fork \
  --kill-child sh "$0" "$@"
folder=$1
packages=$2
shift 2

base=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$base/changes" "$base/work" "$base/root"
mount -t overlay -o "lowerdir=/,upperdir=$base/changes,workdir=$base/work" overlay "$base/root"
root=$base/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"

# No package starts its server.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
# shellcheck disable=SC2086  # the list is meant to be split
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q \
  --no-install-recommends $packages >"$folder/packages.log" 2>&1 ||
  { tail -n 20 "$folder/packages.log" >&2; exit 1; }
result=0
chroot "$root" "$@" || result=$?
umount -l "$base"
rmdir "$base"
exit $result
