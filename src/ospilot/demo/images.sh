# Makes the demo's two images from the access point's own static busybox, in the folder where it runs: box, a
# sandbox directory, and box.sif. No registry, no download, no namespace; both are about a megabyte.
busybox=$(command -v busybox)

make_root() {
    mkdir -p "$1/bin" "$1/dev" "$1/etc" "$1/proc" "$1/srv" "$1/sys" "$1/tmp" "$1/var/tmp"
    mkdir -p "$1/.singularity.d/actions"
    # No links: HTCondor's transfer would follow each of them and copy busybox once more.
    cp "$busybox" "$1/bin/busybox"
    cp "$busybox" "$1/bin/sh"
    printf 'PRETTY_NAME="%s"\n' "$2" > "$1/etc/os-release"
    # HTCondor runs an image's own test before each job; an image without one fails it.
    printf '#!/bin/sh\nexit 0\n' > "$1/.singularity.d/actions/test"
    printf '#!/bin/sh\nexec "$@"\n' > "$1/.singularity.d/actions/exec"
    cp "$1/.singularity.d/actions/exec" "$1/.singularity.d/actions/run"
    chmod 755 "$1/.singularity.d/actions/"*
}

case $(uname -m) in
    aarch64) arch=4 ;;
    ppc64le) arch=6 ;;
    *) arch=2 ;;
esac

make_root box 'busybox, sandbox directory'
make_root root 'busybox, SIF file'
mksquashfs root box.squashfs -noappend -all-root -no-xattrs -quiet -no-progress > /dev/null
apptainer sif new box.sif > /dev/null
apptainer sif add --datatype 4 --parttype 2 --partfs 1 --partarch "$arch" --groupid 1 box.sif box.squashfs
rm -r root box.squashfs
