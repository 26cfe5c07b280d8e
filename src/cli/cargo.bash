
# `cargo perfgate` is completed as `cargo-perfgate` is; all else of cargo's by what completes it without this script.
_cargo__perfgate_of_cargo() {
    local at=1
    # A toolchain may stand first.
    [[ ${COMP_WORDS[1]} == +* ]] && at=2
    if [[ $COMP_CWORD -gt $at && ${COMP_WORDS[at]} == perfgate ]]; then
        COMP_WORDS=(cargo-perfgate "${COMP_WORDS[@]:at+1}")
        COMP_CWORD=$((COMP_CWORD - at))
        # As `complete` has it for cargo-perfgate. Before 4.4 bash has not all of it.
        compopt -o nosort -o bashdefault -o default 2>/dev/null
        _cargo__perfgate cargo-perfgate "$2" "$3"
        return
    fi
    if [[ -z ${_cargo__perfgate_others-} ]]; then
        # What completes a command is loaded when it is first asked for.
        if declare -F _comp_load >/dev/null; then
            _comp_load cargo
        elif declare -F _completion_loader >/dev/null; then
            _completion_loader cargo
        fi
        _cargo__perfgate_wrap
    fi
    COMPREPLY=()
    [[ -z ${_cargo__perfgate_others-} ]] || "$_cargo__perfgate_others" "$@"
}

# Has the function above asked before the one that completes cargo now.
_cargo__perfgate_wrap() {
    local now others
    now=$(complete -p cargo 2>/dev/null)
    others=${now##* -F }
    others=${others%% *}
    case $now in
        *" -F _cargo__perfgate_of_cargo "*) ;;
        *" -F "*)
            _cargo__perfgate_others=$others
            eval "${now/ -F $others / -F _cargo__perfgate_of_cargo }"
            ;;
        *) complete -F _cargo__perfgate_of_cargo cargo ;;
    esac
}

_cargo__perfgate_wrap
