#!/bin/sh
# Reads what the example `telemetry` in Rust publishes 60 times a second, until frame LAST.
#
#   cargo run --release -p filemap --example telemetry -- publish telemetry 3600
#   sh examples/shell/telemetry.sh telemetry 600          in another terminal
#
# docs/sync.md has the layout and the steps, in "A shared value". Each look starts a process, so a slow
# machine misses samples: those that were replaced before the second look at their version.
set -eu
name=${1:?NAME LAST} last=${2:?NAME LAST}

# Prints the version.
version() {
    found=$(filemap read "$name" --offset 16 --length 4 --as u32 --json) || exit
    found=${found#*'"values":['}
    echo "${found%%]*}"
}

# It is set when the first sample is there.
filemap wait "$name runs"

seen=0 samples=0 frame=0
while [ "$frame" -lt "$last" ]; do
    version=$(version)
    if [ "$version" = "$seen" ]; then continue; fi
    # The slot that it names: four numbers as f32, and the same four as u32.
    set -- $(filemap read "$name" --offset $((64 + version % 2 * 64)) --length 16 --raw |
        od -An -t f4 -t u4)
    again=$(version)
    if [ "$again" != "$version" ]; then continue; fi
    seen=$version samples=$((samples + 1)) frame=$8
    echo "at ($1, $2, $3) in frame $frame"
done
echo "saw $samples samples"
