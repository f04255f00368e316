# Waits until its standard input closes, which happens when the owner drops the folder and also when the owner is killed in any way;
# then ends every process whose command line names a path below the folder, with those that it started, and removes the folder.
#
# $1  the folder, an absolute path that nobody else has
#
# `folder.sh` stands before it. Standard output is the folder's lock file, held until this script ends: write nothing to it.

folder=$1
cd / || exit 1

cat >/dev/null

turns=0
while [ "$turns" -lt 200 ]; do
	turns=$((turns + 1)) found=
	for process in /proc/[0-9]*; do
		id=${process#/proc/}
		[ "$id" != "$$" ] || continue
		grep -aqF -- "$folder/" "$process/cmdline" || continue
		found=1
		# Stopped, so that it starts no further one. What stands still would not notice that whoever started it has ended.
		kill -s STOP "$id"
		for child in $(cat "$process/task/$id/children"); do kill -s KILL "$child"; done
		kill -s KILL "$id"
	done
	[ -n "$found" ] || break
	sleep 0.05
done

remove_folder
