# Of both scripts that clean up: takes away $folder, in which processes that just ended may still write for a moment.
remove_folder() {
	waits=0
	while [ -e "$folder" ] && [ "$waits" -lt 200 ]; do
		rm -rf -- "$folder" && break
		waits=$((waits + 1))
		sleep 0.05
	done
}

