# Waits until its standard input closes, which happens when the owner drops the cluster and also when the owner is
# killed in any way; then stops the server and removes its folder.
#
# $1  the cluster's folder, an absolute path
# $2  "remove" or "keep"
# $3  a symbolic link to the folder, to be removed with it, or empty
# stdin: a line with the process id for each initdb and postgres that is started
#
# A process is signalled only while its command line names this folder: its id may belong to somebody else by now.
# `folder.sh` stands before it. Standard output is the folder's lock file, held until this script ends: write nothing to it.

folder=$1 end=$2 link=$3 pid=
cd / || exit 1

while read -r line; do pid=$line; done

alive() {
	[ -n "$pid" ] && grep -aqF -- "$folder/data" "/proc/$pid/cmdline"
}

# About ten seconds.
gone_soon() {
	waits=0
	while alive; do
		[ "$waits" -lt 400 ] || return 1
		waits=$((waits + 1))
		sleep 0.025
	done
}

# A folder that is kept is worth a clean shutdown; otherwise the quickest end is the best one.
if [ "$end" = keep ]; then signals="INT QUIT KILL"; else signals="QUIT KILL"; fi
for signal in $signals; do
	alive || break
	kill -s "$signal" "$pid"
	# It may have been stopped with SIGSTOP.
	kill -s CONT "$pid"
	gone_soon && break
done

[ "$end" = keep ] && exit 0

# Backends notice the end of their postmaster by themselves and may still write for a moment.
remove_folder
[ -z "$link" ] || rm -f -- "$link"
