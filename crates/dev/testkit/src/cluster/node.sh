# A machine of its own for programs that a test starts: namespaces for processes, mounts and the network.
# Argument: a folder for all that they write. First line of input: the addresses of the host's end of the cable and
# of the node's, as ADDRESS/BITS. Further lines are shell commands, run by the first process of the namespaces.
#
# Everything ends when the input does, which is when the test closes it or dies, however it dies.

trap : HUP INT TERM
read -r host node
folder=$1 cable=ph$$ groups=/porthole-$$
export folder host node cable groups outside=$$

# Runs in the namespaces but for that of processes, whose view of /proc would hide the host.
furnish='
set -e
ip link set lo up
ip link add node0 type veth peer name "$cable" netns "$outside"
ip address add "$node" dev node0
ip link set node0 up
nsenter --net="/proc/$outside/ns/net" ip address add "$host" dev "$cable"
nsenter --net="/proc/$outside/ns/net" ip link set "$cable" up

mount -t tmpfs -o mode=755 tmpfs /run
for place in lib log; do
    mkdir -p "$folder/var/$place"
    mount --bind "$folder/var/$place" "/var/$place"
done

# What the kubelet wants of the kernel it finds here, and so leaves the real ones alone.
while read -r name value; do
    [ -e "/proc/sys/$name" ] || continue
    mkdir -p "$folder/sys/${name%/*}"
    echo "$value" >"$folder/sys/$name"
done <<WANTED
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
WANTED
'

# The first process of the new namespace: it does what it is told, a line at a time.
# The values cover those of the kernel only now, because the new /proc would cover them.
serve='
set -e
(cd "$folder/sys" && find . -type f) | while read -r name; do
    mount --bind "$folder/sys/$name" "/proc/sys/$name"
done
set +e
touch "$folder/furnished"
while read -r line; do eval "$line"; done
'

# Each hierarchy of version 1, or the one of version 2.
hierarchies() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        echo /sys/fs/cgroup
    else
        for place in /sys/fs/cgroup/*/; do
            [ -e "${place}cgroup.procs" ] && echo "${place%/}"
        done
    fi
}

for place in $(hierarchies); do
    mkdir "$place$groups" 2>/dev/null
    # A new set of processors is empty, and takes nobody until it is told which it has.
    for file in cpuset.cpus cpuset.mems; do
        [ -e "$place$groups/$file" ] && cat "$place/$file" >"$place$groups/$file" 2>/dev/null
    done
done
unshare --mount --net sh -c "$furnish exec unshare --pid --fork --kill-child --mount-proc sh -c '$serve'"
for place in $(hierarchies); do
    find "$place$groups" -depth -type d -exec rmdir {} + 2>/dev/null
done
rm -rf --one-file-system "$folder"
