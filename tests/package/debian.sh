# A Debian of its own for `tests/package/run`: made once, laid over for each run, booted in namespaces.
# shellcheck shell=bash disable=SC2154

# Everything that is running in it ends with its first process.
clean_up() {
	[ -z "${first:-}" ] || kill -KILL "$first" 2>/dev/null || true
	[ -z "${unshared:-}" ] || wait "$unshared" 2>/dev/null || true
	local tries=0
	while mountpoint -q "$root" && [ "$tries" -lt 50 ]; do
		umount "$root" 2>/dev/null || sleep 0.1
		tries=$((tries + 1))
	done
	[ -z "${group:-}" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
	rm -rf "$place/over"
}

make_debian() {
	[ ! -e "$place/debian/made" ] || return 0
	local suite mirror
	suite=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || suite=bookworm
	# Wherever this machine has its packages from.
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Codename: $suite" | sed -n 1p)
	[ -n "$mirror" ] || fail "apt-get knows no source of Debian $suite"
	printf 'package-test: making a Debian %s, once\n' "$suite"
	rm -rf "$place/debian"
	mkdir -p "$place"
	debootstrap --variant=minbase "$suite" "$place/debian" "$mirror" >"$place/debootstrap.log" 2>&1 ||
		fail "debootstrap: $(tail -3 "$place/debootstrap.log")"
	# By apt-get, since debootstrap does not see what a package only provides. Nothing is started meanwhile.
	cp /etc/resolv.conf "$place/debian/etc/"
	printf '#!/bin/sh\nexit 101\n' >"$place/debian/usr/sbin/policy-rc.d"
	chmod +x "$place/debian/usr/sbin/policy-rc.d"
	chroot "$place/debian" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
		apt-get -qq install -y --no-install-recommends systemd systemd-sysv postgresql curl man-db lintian bash-completion \
		iproute2 procps >"$place/debootstrap.log" 2>&1 || fail "apt-get: $(tail -3 "$place/debootstrap.log")"
	rm "$place/debian/usr/sbin/policy-rc.d"
	# Made by PostgreSQL's package while nothing could be started.
	[ -d "$place/debian/etc/postgresql" ] || fail "PostgreSQL's package has made no cluster"
	rm -rf "$place"/debian/var/cache/apt/archives/*.deb "$place"/debian/var/lib/apt/lists/*
	echo callbunker-test >"$place/debian/etc/hostname"
	printf '127.0.0.1 localhost callbunker-test\n' >"$place/debian/etc/hosts"
	touch "$place/debian/made"
}

lay_over() {
	mkdir -p "$place/over/changes" "$place/over/work" "$root"
	mount -t overlay overlay -o "lowerdir=$place/debian,upperdir=$place/over/changes,workdir=$place/over/work" "$root"
}

# newer_package OLD NEW: the same program as a later version, with another configuration file and another unit of the socket, as a
# release may bring.
newer_package() {
	local dir
	dir=$(mktemp -d)
	dpkg-deb -R "$1" "$dir/package"
	sed -i "s/^Version: .*/&+newer/" "$dir/package/DEBIAN/control"
	printf '\n# a key that is new\n' >>"$dir/package/etc/callbunker/config.toml"
	sed -i 's/^Backlog=4096$/Backlog=4095/' "$dir/package/usr/lib/systemd/system/callbunker.socket"
	(cd "$dir/package" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
	dpkg-deb --root-owner-group -Zgzip -z1 -b "$dir/package" "$2" >/dev/null
	rm -r "$dir"
}

# in_namespaces COMMAND…: begins it as the first process of namespaces of its own, in a control group of its own.
in_namespaces() {
	local groups
	groups=$(findmnt -n -t cgroup2 -o TARGET | head -1)
	[ -n "$groups" ] || return 1
	group=$groups/callbunker-package-test.$$
	mkdir "$group" 2>/dev/null || return 1
	GROUP=$group ROOT=$root bash -c 'echo $$ >"$GROUP/cgroup.procs" && exec "$@"' bash \
		unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child "$@" >"$place/console.log" 2>&1 </dev/null &
	unshared=$!
	local tries
	for tries in $(seq 100); do
		first=$(pgrep -P "$unshared" | head -1) && [ -n "$first" ] && return 0
		kill -0 "$unshared" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# Whether systemd came up in it.
boot() {
	in_namespaces "$here/first-process" "$root" /lib/systemd/systemd || return 1
	local tries state
	for tries in $(seq 600); do
		kill -0 "$unshared" 2>/dev/null || return 1
		state=$(inside_quietly systemctl is-system-running) || true
		case $state in running | degraded) return 0 ;; esac
		sleep 0.1
	done
	kill -KILL "$first"
	return 1
}

# inside COMMAND…: in there, with nothing of this machine's environment.
inside() {
	nsenter --target "$first" --mount --pid --net --uts --ipc --cgroup -- /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

inside_quietly() { inside "$@" 2>/dev/null; }
