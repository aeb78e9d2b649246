#!/bin/sh
# Sets up the scheduler where cron watches over it: writes three scripts and tells, or puts in place, the entries of a
# crontab; docs/services.md. For Linux and macOS, any POSIX shell.

set -eu

begin_mark() { printf '# >>> task-scheduler %s >>>' "$project"; }
end_mark() { printf '# <<< task-scheduler %s <<<' "$project"; }

main() {
    root='' python='' action=show rehearsal='' work=''
    trap 'tidy' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    read_options "$@"
    program=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd -P && echo .)
    program=${program%??}
    find_project
    if [ "$action" = remove ]; then
        remove_entries
        return
    fi
    # Before anything is written: a crontab that cannot be edited is told first.
    [ "$action" = show ] || read_crontab
    find_interpreter
    write_scripts
    if [ "$action" = install ]; then
        install_entries
    else
        show_entries
    fi
}

usage() {
    cat <<'USAGE'
usage: setup_cron.sh [--install | --remove] [--root DIR] [--python PATH] [--dry-run]

Prepares the scheduler (its venv/ is made where it is missing), writes run_scheduler.sh, monitor_scheduler.sh and
rotate_logs.sh, and tells which entries a crontab needs to keep it running.

  --install      put the entries into your crontab, in place of those of an earlier call; all else in it stays as it is
  --remove       take them out again; the scheduler goes on, unwatched
                 (before either changes your crontab, a copy of it is put into DIR/data)
  --root DIR     the project (default: the folder this script's program is in); the scripts go into DIR/scripts
  --python PATH  the Python to prepare it with, 3.11 or later (default: python3, or the first that is new enough)
  --dry-run      tell what would be written, and write nothing

Exit codes: 0 done, 1 it could not be done, 2 the command line cannot be followed.
USAGE
}

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
        --root | --python)
            [ -n "${2-}" ] || fail 2 "$1 needs a value" "--help tells which"
            if [ "$1" = --root ]; then root=$2; else python=$2; fi
            shift
            ;;
        --root=?*) root=${1#*=} ;;
        --python=?*) python=${1#*=} ;;
        --install | --remove)
            [ "$action" = show ] || [ "$action" = "${1#--}" ] || fail 2 "--install and --remove exclude each other"
            action=${1#--}
            ;;
        --dry-run) rehearsal=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail 2 "unknown argument $(quoted "$1")" "--help tells what there is" ;;
        esac
        shift
    done
}

find_project() {
    project=$program
    if [ -n "$root" ]; then
        [ -d "$root" ] || fail 2 "there is no folder $(quoted "$root")" "make a project there: python3 main.py init DIR"
        project=$(CDPATH='' cd -P -- "$root" && pwd -P && echo .)
        project=${project%??}
    fi
    case $program$project in
    *[[:cntrl:]]*) fail 2 "$(quoted "$project"): a crontab cannot hold a path with a control character" ;;
    esac
    scripts=$project/scripts
}

# --- what it runs in --------------------------------------------------------------------------------------------------

find_interpreter() {
    find_python
    if [ -n "$rehearsal" ]; then
        say "would prepare the scheduler with $python, and make its venv/ where it is missing"
        interpreter=$program/venv/bin/python
        return
    fi
    # What main.py would run in, prepared as main.py prepares it.
    interpreter=$(cd -- "$program" && "$python" -m task_scheduler.starting --root "$project") ||
        fail 1 "the scheduler could not be prepared" "mend what is said above, and run this again"
    "$interpreter" "$program/main.py" --root "$project" run --check ||
        fail 1 "a scheduler could not start for $project" "mend what is said above, and run this again"
}

find_python() {
    if [ -n "$python" ]; then
        is_new_enough "$python" || fail 2 "$(quoted "$python") is no Python 3.11 or later"
        return
    fi
    for python in python3 python3.14 python3.13 python3.12 python3.11 /usr/local/bin/python3 /opt/homebrew/bin/python3; do
        if is_new_enough "$python"; then return; fi
    done
    fail 1 "there is no Python 3.11 or later on PATH" "install one, or name it: --python PATH"
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# --- the three scripts ------------------------------------------------------------------------------------------------

write_scripts() {
    if [ -z "$rehearsal" ]; then mkdir -p -- "$scripts" || fail 1 "$scripts cannot be made"; fi
    write run_scheduler.sh "Runs the scheduler in the foreground; options are those of \`main.py run\`."
    write monitor_scheduler.sh "Looks at the scheduler, and starts one where none runs or the one that runs hangs."
    write rotate_logs.sh "Puts log files aside that are due."
}

# write NAME WORDS: a script that says where everything is and does what body_of_NAME tells.
write() {
    if [ -n "$rehearsal" ]; then
        say "would write $scripts/$1"
        return
    fi
    if {
        printf '#!/bin/sh\n# %s\n# Made by setup_cron.sh, which is run again where these paths are no longer true.\n' "$2"
        # Where a path holds a dollar sign, shellcheck takes it for a mistake.
        printf '# shellcheck disable=SC2016\n\nset -u\npython=%s\n' "$(quoted "$interpreter")"
        printf 'program=%s\nproject=%s\n\n' "$(quoted "$program")" "$(quoted "$project")"
        shared_body
        case $1 in
        run_scheduler.sh) body_of_run ;;
        monitor_scheduler.sh) body_of_monitor ;;
        rotate_logs.sh) body_of_rotate ;;
        esac
    } >"$scripts/$1.new" && chmod 755 "$scripts/$1.new" && mv -f -- "$scripts/$1.new" "$scripts/$1"; then
        say "wrote $scripts/$1"
    else
        fail 1 "$scripts/$1 cannot be written"
    fi
}

shared_body() {
    cat <<'BODY'
# A venv may have lost its Python: with any other, main.py makes it anew. cron's PATH is short.
if [ ! -x "$python" ]; then
    python=$(PATH=${PATH-}:/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin command -v python3) || {
        echo "error: there is no $python, and no other Python 3: run setup_cron.sh again" >&2
        exit 1
    }
fi

scheduler() {
    "$python" "$program/main.py" --root "$project" "$@"
}

BODY
}

body_of_run() {
    cat <<'BODY'
exec "$python" "$program/main.py" --root "$project" run "$@"
BODY
}

body_of_monitor() {
    cat <<'BODY'
log=$project/logs/monitor.log
run=$project/data/run
state=$run/monitor
stopped=$run/stopped
# Exit codes of `alive`, and that of a start where another holds the project, or restarts it.
works=0 absent=4 hung=7 held=5
# A restart may take long; whoever holds the project for more looks than these is not about to start a scheduler.
patience=3

main() {
    case $# in 0) restart='' ;; *) restart=$1 ;; esac
    if [ $# -gt 1 ] || { [ -n "$restart" ] && [ "$restart" != --restart ]; }; then
        echo "usage: monitor_scheduler.sh [--restart]" >&2
        echo "Starts the scheduler of $project if none works. --restart: restarts it if one does." >&2
        exit 2
    fi
    if ! cd "$project"; then
        echo "error: there is no folder $project: is its disk there?" >&2
        exit 1
    fi
    # Others may pass through, as the scheduler has it.
    (umask 066 && mkdir -p "$run") 2>/dev/null
    only_one
    recall
    look
    case $health in "$works" | "$absent" | "$hung") rm -f "$state.puzzled" ;; esac
    case $health in
    "$works") well ;;
    "$absent") gone ;;
    "$hung") try "the scheduler hangs: it is ended and started anew; its runs go on" --force --timeout 5 ;;
    *) puzzled ;;
    esac
}

# One monitor at a time. The lock belongs to the open file, so that it ends with this script, however that ends.
only_one() {
    (umask 077 && : >>"$state.lock") 2>/dev/null || return 0
    exec 9<"$state.lock"
    # A restart that was asked for waits for its turn, a look does not: another one is at it.
    "$python" -c '
import fcntl, signal, sys
signal.signal(signal.SIGALRM, lambda *_: sys.exit(75))
if len(sys.argv) > 1:
    signal.alarm(240)
try:
    fcntl.flock(0, fcntl.LOCK_EX | (0 if len(sys.argv) > 1 else fcntl.LOCK_NB))
except BlockingIOError:
    sys.exit(75)
except OSError:
    pass  # a file system without locks
' ${restart:+"$restart"} <&9
    # Where Python itself is broken, the look that follows says so.
    if [ $? -eq 75 ]; then
        tell "another monitor is at work"
        exit 0
    fi
}

look() {
    said=$(scheduler alive 2>&1 9<&-)
    health=$?
}

well() {
    if [ -e "$state" ]; then
        log INFO "$said"
        rm -f "$state"
    fi
    if [ -z "$restart" ]; then
        tell "$said"
        return
    fi
    if begin; then
        log INFO "restarted, as the crontab says"
        tell "restarted"
    elif [ "$code" -eq "$held" ]; then
        leave "another restart is under way: this one is left out"
    else
        log ERROR "the scheduler could not be restarted" "$said"
        complain "the scheduler could not be restarted"
        exit 1
    fi
}

gone() {
    if [ -e "$stopped" ]; then
        if [ "$tries" != stopped ]; then
            log INFO "the scheduler was stopped by a command, and stays so until it is started"
            remember stopped 0 0
        fi
        tell "no scheduler works for $project, and nothing is done: it was stopped by a command (\`shutdown\`), and stays \
so until it is started: $program/scripts/restart_scheduler.py does that"
    else
        try "no scheduler is running: it is started"
    fi
}

# leave WORDS: another one is at it, which is no reason for mail.
leave() {
    log INFO "$1" "$told"
    tell "$1"
}

# Tells that nothing can be told, unless that was told just now. Its pauses are its own: a scheduler that is found gone
# later is started at once.
puzzled() {
    state=$state.puzzled
    recall
    await_turn "nobody can tell how the scheduler of $project is (exit code $health)"
    log ERROR "nobody can tell how the scheduler is (exit code $health); told again in $pause minutes at the earliest" "$said"
    complain "nobody can tell how the scheduler is (exit code $health); told again in $pause minutes at the earliest"
    exit 1
}

# await_turn HOW_IT_IS: count one more try, and end here where the last one was just now.
await_turn() {
    now=$(date +%s)
    case $tries in '' | *[!0-9]*) tries=0 ;; esac
    case $next in '' | *[!0-9]*) next=0 ;; esac
    case $others in '' | *[!0-9]*) others=0 ;; esac
    mark=$(configuration)
    if [ "$tries" -gt 0 ] && [ -n "$tried_with" ] && [ "$tried_with" != "$mark" ]; then
        # What the tries failed for may be mended by that.
        log INFO "config.yaml or requirements.txt has changed since the last try: the pause is over"
        tell "config.yaml or requirements.txt has changed since the last try: the pause is over"
        tries=0 next=0 others=0
    fi
    # A clock that was set back must not put the next try off for long.
    if [ "$now" -lt "$next" ] && [ $((next - now)) -le 3600 ]; then
        tell "$1, and nothing is done now: after $tries that failed, the next try is in \
$(((next - now + 59) / 60)) min, or once config.yaml or requirements.txt has changed; logs/monitor.log tells why"
        exit 1
    fi
    tries=$((tries + 1))
    pause_after "$tries"
    # Before the try, so that one that is cut short counts, and a little early: cron is not to the second.
    remember "$tries" "$((now + pause * 60 - 30))" "$others"
}

# try WHY [--force]: start a scheduler, unless the last try was just now.
try() {
    await_turn "no scheduler works for $project"
    log WARNING "$1 (try $tries)"
    tell "$1 (try $tries)"
    shift
    begun=''
    if begin "$@"; then begun=yes; fi
    if [ "$code" -eq "$held" ] && { [ -n "$begun" ] || [ "$others" -lt "$patience" ]; }; then
        # Not a try that failed: the next look tries again.
        remember "$((tries - 1))" 0 "$((others + 1))"
        leave "another one is at it, which starts or holds the project: it is left to that"
    elif [ -n "$begun" ]; then
        log INFO "$said"
        echo "no scheduler worked for $project: started one (try $tries); logs/monitor.log and scheduler.log tell more"
    else
        log ERROR "the scheduler could not be started; next try in $pause minutes" "$said"
        complain "no scheduler works for $project and none could be started; next try in $pause minutes"
        exit 1
    fi
}

# Starts a scheduler, and returns whether one works. What it says goes to a file: a pipe would be waited for.
begin() {
    output=$state.output
    (umask 077 && : >"$output") 2>/dev/null || output=/dev/null
    "$python" "$program/scripts/restart_scheduler.py" --root "$project" "$@" </dev/null >"$output" 2>&1 9<&-
    code=$?
    told=$(cat "$output")
    rm -f "$state.output"
    look
    # Not by its exit code alone: another start may have been faster, and restarting fails where the old one goes on.
    if [ "$health" -eq "$works" ] && { [ "$code" -eq 0 ] || [ -z "$restart" ]; }; then return 0; fi
    said="$told
exit code $code"
    return 1
}

# What a start depends on, in a number: it tells another content, and not that a file was only written anew.
configuration() {
    cat "$project/config/config.yaml" "$program/requirements.txt" 2>/dev/null | cksum | tr -d ' '
}

pause_after() {
    case $1 in 1) pause=5 ;; 2) pause=10 ;; 3) pause=20 ;; 4) pause=40 ;; *) pause=60 ;; esac
}

# What an earlier look has left: how many tries have been made, or `stopped`; when the next one may be; how often
# another one was at it; and with what configuration the last try was.
recall() {
    tries='' next='' others='' tried_with=''
    [ ! -r "$state" ] || read -r tries next others tried_with <"$state"
}

remember() {
    (umask 077 && echo "$1 $2 $3 ${mark-}" >"$state") 2>/dev/null || log WARNING "$state cannot be written: pauses are not kept"
}

# log LEVEL WORDS [MORE]: one line as all logs have them, more below it.
log() {
    # Parts of a second, where this `date` knows them.
    stamp=$(date '+%Y-%m-%d %H:%M:%S.%3N')
    case $stamp in *.[0-9][0-9][0-9]) ;; *) stamp=${stamp%.*}.000 ;; esac
    line="$stamp | $(printf '%-8s' "$1") | $2"
    [ -z "${3-}" ] || line="$line
$(printf '%s\n' "$3" | tr -d '\000-\010\013-\037\177' | sed 's/^/    /')"
    mkdir -p "${log%/*}" 2>/dev/null
    { printf '%s\n' "$line" >>"$log"; } 2>/dev/null || printf '%s\n' "$line" >&2
}

# For a person who looks; cron sends mail of whatever is printed.
tell() {
    [ ! -t 1 ] || echo "$1"
}

complain() {
    printf 'error: %s\n%s\n\nhint: logs/monitor.log and logs/scheduler.log in %s tell more\n' "$1" "$said" "$project" >&2
}

main "$@"
BODY
}

body_of_rotate() {
    cat <<'BODY'
# What is written by others than the scheduler, and held open: it is emptied in place, so that they go on with it.
limit=10000000

main() {
    # cron sends mail of whatever is printed.
    code=0 said=$(scheduler logs --rotate 2>&1) || code=$?
    if [ "$code" -ne 0 ]; then
        printf '%s\n' "$said" >&2
    elif [ -t 1 ]; then
        printf '%s\n' "$said"
    fi
    for name in scheduler.out cron.log; do
        if is_due "$project/logs/$name"; then put_aside "$project/logs" "$name" || code=1; fi
    done
    return "$code"
}

is_due() {
    [ -f "$1" ] && [ "$(wc -c <"$1")" -ge "$limit" ]
}

put_aside() {
    aside=$1/${2%.*}.$(date '+%Y-%m-%d_%H-%M-%S').${2##*.}.gz
    if gzip -c "$1/$2" >"$1/.$2.gz.new" && mv "$1/.$2.gz.new" "$aside" && : >"$1/$2"; then
        find "$1" -name "${2%.*}.????-??-??_??-??-??.${2##*.}.gz" -mtime +30 -exec rm -f {} +
        return 0
    fi
    rm -f "$1/.$2.gz.new"
    echo "error: $1/$2 could not be put aside" >&2
    return 1
}

main
BODY
}

# --- the crontab ------------------------------------------------------------------------------------------------------

entries() {
    begin_mark
    printf '\n@reboot %s --daemon >/dev/null\n' "$(in_crontab "$scripts/run_scheduler.sh")"
    printf '*/5 * * * * %s\n' "$(in_crontab "$scripts/monitor_scheduler.sh")"
    printf '0 2 * * * %s\n' "$(in_crontab "$scripts/rotate_logs.sh")"
    printf '0 3 * * * %s --restart\n' "$(in_crontab "$scripts/monitor_scheduler.sh")"
    end_mark
    echo
}

show_entries() {
    cat <<SHOWN

Entries for your crontab; \`$(shown "$0") --install\` puts them there, \`crontab -e\` lets you do so:

$(entries)

They start the scheduler with the machine, look at it every 5 minutes, put logs aside at 2:00 and restart it at 3:00.
By hand: $(shown "$interpreter") $(shown "$program/scripts/restart_scheduler.py")
SHOWN
}

install_entries() {
    read_crontab
    entries >"$work/entries"
    # In place of those that are there, so that what stands around them keeps its order; else at the end.
    edited "$work/before" "$work/entries" >"$work/after"
    put_crontab "the entries are in your crontab" "your crontab has these entries already"
    warn_without_daemon
}

remove_entries() {
    read_crontab
    : >"$work/entries"
    edited "$work/before" "$work/entries" >"$work/after"
    put_crontab "the entries are out of your crontab; a scheduler that runs goes on" "your crontab has no such entries"
}

# Writes the user's crontab to a file, where none is an empty one, and finds the marks in it.
read_crontab() {
    command -v crontab >/dev/null || fail 1 "there is no \`crontab\` here" "install cron, or see docs/services.md"
    [ -n "$work" ] || work=$(mktemp -d "${TMPDIR:-/tmp}/setup_cron.XXXXXX")
    if ! LC_ALL=C crontab -l >"$work/before" 2>"$work/said"; then
        grep -qi 'no crontab' "$work/said" || fail 1 "your crontab cannot be read: $(cat "$work/said")"
        : >"$work/before"
    fi
    # An editor may have put blanks around a mark, or a carriage return at its end.
    LC_ALL=C tr -d '\000' <"$work/before" | LC_ALL=C sed 's/^[[:space:]]*//; s/[[:space:]]*$//' >"$work/lines"
    first=$(lines_of "$(begin_mark)") last=$(lines_of "$(end_mark)")
    case $first in *[!0-9]*) fail_for_marks "the line '$(begin_mark)' is in your crontab more than once" ;; esac
    case $last in *[!0-9]*) fail_for_marks "the line '$(end_mark)' is in your crontab more than once" ;; esac
    if [ -n "$first" ] && [ -z "$last" ]; then
        fail_for_marks "your crontab has the line '$(begin_mark)', and no line '$(end_mark)' after it"
    elif [ -z "$first" ] && [ -n "$last" ]; then
        fail_for_marks "your crontab has the line '$(end_mark)', and no line '$(begin_mark)' before it"
    elif [ -n "$first" ] && [ "$last" -lt "$first" ]; then
        fail_for_marks "in your crontab, the line '$(end_mark)' comes before the line '$(begin_mark)'"
    fi
}

# lines_of MARK: the numbers of the lines that are this one.
lines_of() {
    LC_ALL=C grep -nxF -- "$1" "$work/lines" | cut -d : -f 1
}

fail_for_marks() {
    fail 1 "$1" "your crontab is as it was; mend that first: crontab -e"
}

# edited FILE ENTRIES: FILE with what stands between the marks replaced, or with ENTRIES at its end.
edited() {
    if [ -n "$first" ]; then
        [ "$first" -eq 1 ] || head -n "$((first - 1))" "$1"
        cat "$2"
        tail -n "+$((last + 1))" "$1"
    else
        cat "$1"
        if [ -s "$2" ]; then
            end_line "$1"
            cat "$2"
        fi
    fi
}

# end_line FILE: the newline that the last line of FILE lacks, if it does.
end_line() {
    [ ! -s "$1" ] || [ "$(tail -c 1 "$1" | wc -l)" -eq 1 ] || echo
}

# put_crontab DONE SAME: have the edited crontab take effect.
put_crontab() {
    if cmp -s "$work/before" "$work/after"; then
        say "$2"
        return
    fi
    # cron takes no last line without a newline.
    end_line "$work/after" >"$work/newline"
    cat "$work/newline" >>"$work/after"
    if [ -n "$rehearsal" ]; then
        [ ! -s "$work/before" ] || say "would put a copy of your crontab into $project/data"
        say "would write this crontab:"
        cat "$work/after"
        return
    fi
    keep_copy
    if [ -s "$work/after" ]; then
        crontab "$work/after" || fail 1 "your crontab could not be written; it is as it was"
    else
        crontab -r || fail 1 "your crontab could not be removed; it is as it was"
    fi
    say "$1"
    [ -z "$copy" ] || say "your crontab as it was before: $copy"
}

# Keeps the crontab as it was, readable for its user alone.
keep_copy() {
    copy=''
    [ -s "$work/before" ] || return 0
    # Others may pass through, as the scheduler has it.
    if ! (umask 066 && mkdir -p -- "$project/data") ||
        ! copy=$(mktemp "$project/data/crontab.$(date '+%Y-%m-%d_%H-%M-%S').XXXXXX") ||
        ! cat "$work/before" >"$copy"; then
        fail 1 "no copy of your crontab could be put into $project/data; your crontab is as it was"
    fi
}

warn_without_daemon() {
    [ "$(uname -s)" = Linux ] && [ -d /proc/self ] || return 0
    for comm in /proc/[0-9]*/comm; do
        case $(cat "$comm" 2>/dev/null) in cron | crond | anacron | fcron | busybox) return 0 ;; esac
    done
    say "cron does not seem to run on this machine: nothing is watched over before it does"
}

# --- small things -----------------------------------------------------------------------------------------------------

say() {
    printf '%s\n' "$1"
}

# fail CODE SENTENCE [HINT]
fail() {
    printf 'error: %s\n' "$2" >&2
    [ -z "${3-}" ] || printf '\nhint: %s\n' "$3" >&2
    exit "$1"
}

# shellcheck disable=SC2317  # called by a trap
tidy() {
    [ -z "${work-}" ] || rm -rf -- "$work"
    [ -z "${scripts-}" ] || rm -f -- "$scripts/run_scheduler.sh.new" "$scripts/monitor_scheduler.sh.new" \
        "$scripts/rotate_logs.sh.new"
}

# For a POSIX shell.
quoted() {
    printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}

# For a person: quoted where it has to be.
shown() {
    case $1 in
    '' | *[!A-Za-z0-9_./+-]*) quoted "$1" ;;
    *) printf %s "$1" ;;
    esac
}

# In a crontab a percent sign is the end of the command.
in_crontab() {
    quoted "$1" | sed 's/%/\\%/g'
}

main "$@"
exit
