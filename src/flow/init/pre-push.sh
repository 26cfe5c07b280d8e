# >>> cargo-perfgate >>>
# Judges what is pushed by its benchmarks; `git push --no-verify` pushes it unjudged. From `cargo perfgate init --hook`.
perfgate_pushed=$(cat)
if command -v cargo-perfgate >/dev/null; then
    printf '%s\n' "$perfgate_pushed" | cargo-perfgate pre-push@OPTIONS@ || exit
else
    echo 'warning: cargo-perfgate is not installed, so what is pushed was not judged' >&2
fi
# What comes below reads the same from its standard input.
if [ -n "$perfgate_pushed" ]; then
    exec <<PERFGATE_PUSHED
$perfgate_pushed
PERFGATE_PUSHED
else
    exec </dev/null
fi
# <<< cargo-perfgate <<<
