#!/usr/bin/env bash
# Installs the program, a project folder and a systemd service that runs as a user of its own; docs/services.md.
#
# All of the program is in releases/ID, and one symbolic link, `current`, says which release is in force. An install that
# is cut short before that changes leaves the release before it in force, and the next one clears up after it; one that
# is cut short after it leaves the new one in force, and the next one does what is left.
#
# The service may write in config/, data/ and logs/: there, root follows no name that the service could have made a link.
#
# It shares no file with setup_cron.sh, which is for any POSIX shell: what root runs is this one file, to be read whole.

# shellcheck disable=SC2317  # many functions are called by way of `step`
set -euo pipefail

readonly SERVICE=task-scheduler
readonly SYSTEMD_UNITS=/etc/systemd/system
# What is the program's in the project folder; all else there is the project's.
readonly LINKED=(task_scheduler requirements.txt scripts docs venv)
readonly PROGRAM=(main.py task_scheduler requirements.txt README.md CHANGELOG.md LICENSE docs helpers)
# Of a person's configuration and scripts, what comes with the program.
readonly CONFIG=(config.yaml secrets.yaml.example)
readonly SCRIPTS=(
    check_overdue.py debug_jobs.py install.sh reset_schedules.py restart_scheduler.py setup_cron.sh
)

prefix='' account='' python='' unit_folder=$SYSTEMD_UNITS
rehearsal='' uninstall='' purge='' strict=''
doing='look at this machine' told='' staged='' previous='' in_force='' former=''

main() {
    trap finish EXIT
    trap 'give_up interrupted; exit 130' INT
    trap 'give_up "ended by a signal"; exit 143' TERM HUP
    umask 022
    read_options "$@"
    source_folder=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
    unit=$unit_folder/$SERVICE.service
    take_over_from_unit
    check_machine
    check_prefix
    check_account
    if [[ $uninstall ]]; then
        remove_everything
    else
        install_everything
    fi
}

usage() {
    cat <<USAGE
usage: install.sh [--prefix DIR] [--user NAME] [--python PATH] [--strict] [--unit-dir DIR] [--dry-run]
       install.sh --uninstall [--purge] [--prefix DIR] [--unit-dir DIR] [--dry-run]

Installs the scheduler as the systemd service \`$SERVICE\`, run by a user of its own. Run again, it upgrades the
program and keeps tasks, configuration and data. It needs root, Linux and Python 3.11 or later.

  --prefix DIR     where to install (default: /opt/$SERVICE, or where the service is installed already)
  --user NAME      who the service runs as; made where there is none (default: $SERVICE, or the service's user)
  --python PATH    the Python to run it with (default: the first that is 3.11 or later)
  --strict         close the service further: no sudo, sendmail or devices for tasks, files written in few places
  --unit-dir DIR   where the unit goes (default: $SYSTEMD_UNITS)
  --uninstall      stop the service, with what runs, and remove it and the program; tasks, config, helpers, data, logs
                   and the user stay
  --purge          with --uninstall: remove these, too
  --dry-run        tell each step and change nothing; needs no root

Exit codes: 0 done, 1 a step failed, 2 the command line cannot be followed, 3 this machine cannot do it.
USAGE
}

read_options() {
    while (($#)); do
        case $1 in
        --prefix=* | --user=* | --python=* | --unit-dir=*)
            set -- "${1%%=*}" "${1#*=}" "${@:2}"
            continue
            ;;
        --prefix | --user | --python | --unit-dir)
            [[ ${2:-} ]] || fail 2 "$1 needs a value" "--help tells which"
            case $1 in
            --prefix) prefix=$2 ;;
            --user) account=$2 ;;
            --python) python=$2 ;;
            --unit-dir) unit_folder=$2 ;;
            esac
            shift
            ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        --strict) strict=yes ;;
        --dry-run) rehearsal=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail 2 "unknown argument $(shown "$1")" "--help tells what there is" ;;
        esac
        shift
    done
    [[ ! $purge || $uninstall ]] || fail 2 "--purge removes tasks and data, so it goes with --uninstall alone"
    [[ ! $uninstall || ! $strict ]] || fail 2 "--strict says how to install, --uninstall not to"
    [[ $unit_folder == /* && $unit_folder != *[[:cntrl:]]* ]] ||
        fail 2 "--unit-dir $(shown "$unit_folder") is not the whole path of a folder"
}

# A unit that is there says where the service is and who runs it, for those who do not say so again.
take_over_from_unit() {
    local before=/opt/$SERVICE owner=''
    if [[ -r $unit ]]; then
        before=$(sed -n 's/^WorkingDirectory=//p' -- "$unit")
        before=${before//%%/%}
        owner=$(sed -n 's/^User=//p' -- "$unit")
        [[ $before == /* ]] || fail 3 "$unit was not made by this script" "move it away, or give another --unit-dir"
        if [[ $prefix && $(realpath -m -- "$prefix") != "$before" ]]; then
            fail 2 "the service $SERVICE is installed at $(shown "$before") already" \
                "leave out --prefix to upgrade it there, or remove it first: --uninstall --prefix $(shown "$before")"
        fi
    fi
    prefix=${prefix:-$before}
    former=$owner
}

check_machine() {
    [[ $(uname -s) == Linux ]] || fail 3 "services of systemd exist on Linux alone" "scripts/setup_cron.sh works here"
    if [[ ! $rehearsal ]] && ((EUID != 0)); then
        fail 3 "this needs root" "run it with sudo, or look first what it would do: --dry-run"
    fi
    local tool
    for tool in flock getent install pgrep realpath runuser setsid sha256sum useradd userdel; do
        command -v "$tool" >/dev/null || fail 3 "there is no \`$tool\` here" "it comes with util-linux, coreutils, passwd or procps"
    done
}

check_prefix() {
    local given=$prefix
    case $prefix in
    *[[:cntrl:]]*) fail 2 "--prefix $(shown "$given") holds a control character" "give a plain path" ;;
    /*) ;;
    *) fail 2 "--prefix $(shown "$given") is relative" "give the whole path, such as /opt/$SERVICE" ;;
    esac
    case $prefix in
    *[\"\'\\\$]*) fail 2 "--prefix $(shown "$given") holds a character that systemd takes in no program's path: \" ' \\ \$" ;;
    esac
    # systemd reads its files as UTF-8, and refuses all of one that is something else.
    printf %s "$prefix" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1 || fail 2 "--prefix $(shown "$given") is not UTF-8"
    prefix=$(realpath -m -- "$prefix")
    local home owner
    for owner in "${SUDO_USER:-}" "$(id -un)"; do
        [[ $owner ]] || continue
        home=$(getent passwd "$owner" | cut -d: -f6) || continue
        [[ $prefix != "$home" ]] || fail 2 "--prefix $(shown "$given") is the home of $owner" "give a folder of its own"
    done
    [[ $prefix != "${HOME:-/root}" ]] || fail 2 "--prefix $(shown "$given") is a home" "give a folder of its own"
    case $prefix in
    /boot/* | /dev/* | /etc/* | /proc/* | /run/* | /sys/* | /usr/bin/* | /usr/lib* | /usr/sbin/* | /usr/share/*)
        fail 2 "--prefix $(shown "$given") belongs to the system" "give a folder of its own, such as /opt/$SERVICE"
        ;;
    /*/*) ;;
    *) fail 2 "--prefix $(shown "$given") is a folder of the system" "give one of its own, such as /opt/$SERVICE" ;;
    esac
    case $source_folder/ in
    "$prefix"/releases/*) ;;
    "$prefix"/*) fail 2 "--prefix $(shown "$given") holds the folder this is installed from" "give another one" ;;
    esac
    [[ $prefix/ != "$source_folder"/* ]] || fail 2 "--prefix $(shown "$given") is inside the folder this is installed from"
    if [[ -e $prefix && ! -d $prefix ]]; then fail 2 "--prefix $(shown "$given") is not a folder"; fi
    if [[ ! -e $prefix/.installed && -n $(ls -A -- "$prefix" 2>/dev/null) ]]; then
        [[ ! $uninstall ]] || fail 2 "nothing was installed at $(shown "$prefix") by this script"
        fail 2 "$(shown "$prefix") is not empty, and was not made by this script" "give another --prefix"
    fi
}

# Another user would be given what the one before is still at work on.
check_account() {
    if [[ ! $former && -r $prefix/.installed ]]; then former=$(sed -n 's/^user=//p' -- "$prefix/.installed"); fi
    account=${account:-${former:-$SERVICE}}
    [[ $account =~ ^[a-z_][a-z0-9_-]{0,31}$ ]] || fail 2 "--user $(shown "$account") is no name for a user of the system"
    [[ $former && $former != "$account" && ! $uninstall ]] || return 0
    if [[ -e $unit || -L $prefix/current ]]; then
        fail 2 "the scheduler at $(shown "$prefix") is installed for the user $former, and not for $account" \
            "leave out --user to upgrade it; to change the user, --uninstall first, which keeps tasks, config and data"
    fi
}

# --- installing -----------------------------------------------------------------------------------------------------

install_everything() {
    find_python
    make_account
    step "make the folder $prefix" make_prefix
    only_one_at_a_time
    stage_release
    step "make the project's folders: tasks, helpers, config, data, logs" make_project
    step "try whether $account can start a scheduler there" try_release
    check_for_folders
    previous=$(readlink -- "$prefix/current" 2>/dev/null || true)
    step "put release $release in force" put_in_force
    bring_helpers_up_to_date
    step "write $unit" write_unit
    close_further
    enable_service
    step "remove releases that are no longer needed" remove_old_releases
    tell_what_is_next
}

find_python() {
    doing="find a Python"
    local candidate found
    local -a candidates=(
        python3 python3.14 python3.13 python3.12 python3.11 /usr/local/bin/python3 /usr/bin/python3
        /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11
    )
    [[ ! $python ]] || candidates=("$python")
    for candidate in "${candidates[@]}"; do
        command -v -- "$candidate" >/dev/null || continue
        # A name on PATH may be a shim of a version manager: its Python says where it really is.
        found=$(plainly "$candidate" -c '
import os, sys
if sys.version_info >= (3, 11):
    print(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))
' 2>/dev/null) || continue
        if [[ $found ]] && all_may_reach "$found"; then
            python=$found
            return
        fi
    done
    fail 3 "there is no Python 3.11 or later that a user of its own may run" \
        "install one (apt install python3 python3-venv), or name one that is not in a closed home: --python PATH"
}

# Whether everybody may enter all folders above a file, and execute it.
all_may_reach() {
    local path=$1
    while [[ $path != / ]]; do
        (($(stat -c 0%a -- "$path") & 1)) || return 1
        path=$(dirname -- "$path")
    done
}

make_account() {
    if getent passwd "$account" >/dev/null; then
        say "the user $account is there"
        return
    fi
    step "make the user $account" useradd --system --user-group --home-dir "$prefix/data/home" --no-create-home \
        --shell "$(command -v nologin || echo /usr/sbin/nologin)" --comment "Task Scheduler" "$account"
    account_made=yes
}

make_prefix() {
    install -d -m 0755 -o root -g root -- "$prefix" "$prefix/releases"
    # Who removes the project later removes the user only if it was made for it.
    if [[ ${account_made:-} || ! -e $prefix/.installed || $former != "$account" ]]; then
        printf 'user=%s\nmade=%s\n' "$account" "${account_made:-no}" >"$prefix/.installed.new"
        mv -f -- "$prefix/.installed.new" "$prefix/.installed"
    fi
    local folder=$prefix
    until runuser -u "$account" -- test -x "$folder"; do
        folder=$(dirname -- "$folder")
        if runuser -u "$account" -- test -x "$(dirname -- "$folder")"; then
            fail 1 "$account may not enter $(shown "$folder")" "chmod o+x it, or give another --prefix"
        fi
    done
}

only_one_at_a_time() {
    [[ ! $rehearsal ]] || return 0
    exec 9>"$prefix/.installing"
    flock -n 9 || fail 1 "another install.sh works on $(shown "$prefix")" "wait until it is done"
}

stage_release() {
    doing="read $source_folder"
    local missing
    for missing in "${PROGRAM[@]}" "${CONFIG[@]/#/config/}" "${SCRIPTS[@]/#/scripts/}"; do
        [[ -e $source_folder/$missing ]] || fail 1 "$source_folder has no $missing" "run this script in a whole clone"
    done
    release=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' -- "$source_folder/task_scheduler/__init__.py")-$(digest)
    if [[ -e $prefix/releases/$release/.complete ]] && "$prefix/releases/$release/venv/bin/python" -c '' 2>/dev/null; then
        say "release $release is there"
        return
    fi
    [[ $rehearsal ]] || staged=$prefix/releases/$release
    step "copy the program to $prefix/releases/$release" copy_program
    step "make its venv with $python, from requirements.txt" make_venv
    staged=''
}

# Of what is copied, and of the Python it is to run with.
digest() {
    local names=("${PROGRAM[@]}" "${CONFIG[@]/#/config/}" "${SCRIPTS[@]/#/scripts/}")
    {
        echo "$python"
        cd -- "$source_folder"
        find "${names[@]}" -name __pycache__ -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c1-12
}

copy_program() {
    rm -rf --one-file-system -- "$staged"
    install -d -m 0755 -- "$staged" "$staged/config" "$staged/scripts"
    local name
    for name in "${PROGRAM[@]}"; do cp -RL -- "$source_folder/$name" "$staged/"; done
    for name in "${SCRIPTS[@]}"; do cp -L -- "$source_folder/scripts/$name" "$staged/scripts/"; done
    for name in "${CONFIG[@]}"; do cp -L -- "$source_folder/config/$name" "$staged/config/"; done
    find "$staged" -name __pycache__ -prune -exec rm -rf -- {} +
    chown -R root:root -- "$staged"
    chmod -R u=rwX,go=rX -- "$staged"
}

make_venv() {
    cd -- "$staged"
    UV_COMPILE_BYTECODE=1 plainly "$python" -B -m task_scheduler.starting --own >/dev/null ||
        fail 1 "the packages of the program could not be installed" "mend what is said above, and run this again"
    venv/bin/python -m compileall -q -- main.py task_scheduler helpers
    chmod -R go=u,go-w -- venv
    cd /
    # The mark must not reach the disk before what it vouches for.
    sync
    touch -- "$staged/.complete"
}

make_project() {
    local name group
    group=$(id -gn -- "$account")
    for name in tasks helpers config; do
        [[ -d $prefix/$name ]] && continue
        rm -rf --one-file-system -- "$prefix/.$name.new"
        if [[ -d $source_folder/$name ]]; then
            cp -RL -- "$source_folder/$name" "$prefix/.$name.new"
            find "$prefix/.$name.new" -name __pycache__ -prune -exec rm -rf -- {} +
        else
            mkdir -- "$prefix/.$name.new"
        fi
        chown -R "root:$group" -- "$prefix/.$name.new"
        case $name in
        helpers) chmod -R u=rwX,go=rX -- "$prefix/.$name.new" ;;
        *) chmod -R u=rwX,g=rX,o= -- "$prefix/.$name.new" ;;
        esac
        case $name in
        # Tasks save settings of theirs there (save_config), but what is root's stays as it is: that is the sticky bit.
        config) chmod 3770 -- "$prefix/.$name.new" ;;
        *) chmod g+s -- "$prefix/.$name.new" ;;
        esac
        mv -T -- "$prefix/.$name.new" "$prefix/$name"
    done
    for name in data:0711 logs:0750; do
        [[ -d $prefix/${name%:*} ]] && continue
        install -d -m "${name#*:}" -o "$account" -g "$group" -- "$prefix/${name%:*}"
    done
    if [[ $(stat -L -c %U -- "$prefix/data") != "$account" ]]; then hand_over; fi
    # In a folder of the service, its user does what is to be done: root could be led elsewhere by a link.
    [[ -d $prefix/data/home ]] || as_account mkdir -m 0700 -- "$prefix/data/home" ||
        fail 1 "$account could not make $(shown "$prefix/data/home")" "move away what stands there"
    close_secrets
}

# The service may put into config/ whatever it likes, so this looks at what it has opened, and never at a name again.
close_secrets() {
    local why
    why=$(plainly "$python" -I - "$prefix/config" "$account" "$(id -g -- "$account")" 2>&1 <<'CLOSE'
import grp, os, pwd, stat, sys

folder, account, group = sys.argv[1:]
try:
    file = os.open("secrets.yaml", os.O_PATH | os.O_NOFOLLOW, dir_fd=os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
except FileNotFoundError:
    sys.exit()
found = os.fstat(file)
if stat.S_ISLNK(found.st_mode):
    sys.exit("it is a symbolic link")
if not stat.S_ISREG(found.st_mode):
    sys.exit("it is no regular file")
if found.st_nlink != 1:
    sys.exit("it has another name, too (a hard link)")
if found.st_uid not in (0, pwd.getpwnam(account).pw_uid):
    sys.exit(f"it belongs to neither root nor {account}")
# The service can move a file of root there out of a folder of its own, to have it opened to itself by this.
allowed = stat.S_IROTH | (stat.S_IRGRP if found.st_gid == int(group) else 0)
if found.st_uid == 0 and account != "root" and not found.st_mode & allowed:
    name = grp.getgrgid(int(group)).gr_name
    sys.exit(f"it is root's, and {account} may not read it; if it is meant for the service: chgrp {name}, chmod 640")
opened = f"/proc/self/fd/{file}"
os.chown(opened, 0, int(group))
os.chmod(opened, 0o640)
CLOSE
    ) || fail 1 "$(shown "$prefix/config/secrets.yaml") is left alone: $why" "put a plain file there that the service may read, or none"
}

# After --uninstall, for another user: what was the former one's becomes this one's, and nothing else does. Links are
# not followed, and files with several names stay: one of the names may be in a place that is not the project's. The
# owner of data/ tells the former user, so it is changed last.
hand_over() {
    plainly "$python" -I - "$account" "$(id -g -- "$account")" \
        "$prefix"/{tasks,helpers,config,logs,data} <<'HAND_OVER'
import os, pwd, stat, sys

user, group = pwd.getpwnam(sys.argv[1]).pw_uid, int(sys.argv[2])
folders = sys.argv[3:]
before = os.stat(folders[-1])


def give(opened, owned):
    found = os.fstat(opened)
    if stat.S_ISLNK(found.st_mode) or (not stat.S_ISDIR(found.st_mode) and found.st_nlink != 1):
        return
    uid = user if found.st_uid == before.st_uid and (owned or found.st_uid) else -1
    gid = group if found.st_gid == before.st_gid else -1
    if (uid, gid) != (-1, -1):
        os.chown(f"/proc/self/fd/{opened}", uid, gid)


for top in folders:
    # What is root's in tasks, helpers and config stays root's; only its group changes.
    owned = os.path.basename(top) in ("logs", "data")
    for _, _, names, folder in os.fwalk(os.path.realpath(top), topdown=False):
        for name in names:
            try:
                file = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)
            except FileNotFoundError:
                continue
            give(file, owned)
            os.close(file)
        give(folder, owned)
HAND_OVER
    say "what belonged to the former user belongs to $account; that user stays on this machine"
}

try_release() {
    local said
    said=$(as_account "$prefix/releases/$release/venv/bin/python" "$prefix/releases/$release/main.py" \
        --root "$prefix" run --check 2>&1) || fail 1 "a scheduler could not start there, so nothing was put in force:
$said"
}

# What is replaced after the release is in force must not meet a folder then: the rest would be left undone.
check_for_folders() {
    doing="look at $prefix"
    local file name
    local -a names=(main.py "$SERVICE" config/config.yaml.new config/secrets.yaml.example)
    for file in "$source_folder"/helpers/*.py; do
        name=helpers/${file##*/}
        names+=("$name" "$name.new")
    done
    for name in "${names[@]}"; do
        check_no_folder "$prefix/$name"
    done
}

check_no_folder() {
    [[ -L $1 || ! -d $1 ]] || fail 1 "$(shown "$1") is a folder, where a file of the program belongs" "move it away"
}

# A helper is replaced where it is as the release before brought it; one that a person changed or deleted stays so.
# Which release that was is noted last: cut short, this is done by the next call.
bring_helpers_up_to_date() {
    local file name old mine before=$previous come_with=$prefix/releases/$release
    if [[ $rehearsal ]]; then
        [[ -d $prefix/helpers ]] || return 0
        come_with=$source_folder
    fi
    if [[ -e $prefix/.brought ]]; then before=$(<"$prefix/.brought"); fi
    for file in "$come_with"/helpers/*.py; do
        name=${file##*/} mine=$prefix/helpers/${file##*/} old=$prefix/${before:-releases/none}/helpers/${file##*/}
        if [[ -e $mine ]]; then
            cmp -s -- "$file" "$mine" && continue
            if ! cmp -s -- "$old" "$mine"; then
                step "keep helpers/$name, which was changed here; the new one is beside it: $name.new" \
                    replace_file "$file" "$mine.new"
                continue
            fi
        elif [[ -e $old ]]; then
            continue
        fi
        step "bring helpers/$name up to date" replace_file "$file" "$mine"
    done
    file=$come_with/config/config.yaml mine=$prefix/config/config.yaml
    old=$prefix/${before:-releases/none}/config/config.yaml
    if [[ $before && -e $mine ]] && ! cmp -s -- "$old" "$file" && ! is_as "$file" "$mine"; then
        step "keep config/config.yaml; what the new release comes with is beside it: config.yaml.new" \
            replace_file "$file" "$mine.new"
    fi
    [[ ! $rehearsal ]] || return 0
    mine=$prefix/config/secrets.yaml.example
    is_as "${file%/*}/secrets.yaml.example" "$mine" || replace_file "${file%/*}/secrets.yaml.example" "$mine"
    echo "releases/$release" >"$prefix/.brought.new"
    mv -fT -- "$prefix/.brought.new" "$prefix/.brought"
}

# Whether a file in config/ says the same. The service may have put a link or a pipe there: neither is waited for.
is_as() {
    [[ -f $2 && ! -L $2 ]] && timeout 10 cmp -s -- "$1" "$2"
}

# Written where root alone may write, and put in its place by a rename, which follows no link of that name.
replace_file() {
    check_no_folder "$2"
    rm -f -- "$prefix/.replacing"
    install -T -m 0644 -- "$1" "$prefix/.replacing"
    mv -fT -- "$prefix/.replacing" "$2"
}

put_in_force() {
    local name
    ln -sfn -- "releases/$release" "$prefix/current.new"
    # One rename: before it all is of the old release, after it all of the new one.
    mv -fT -- "$prefix/current.new" "$prefix/current"
    in_force=yes
    for name in "${LINKED[@]}"; do
        [[ $(readlink -- "$prefix/$name" 2>/dev/null) == "current/$name" ]] && continue
        ln -sfn -- "current/$name" "$prefix/.$name.new"
        mv -fT -- "$prefix/.$name.new" "$prefix/$name"
    done
    replace_file "$prefix/releases/$release/main.py" "$prefix/main.py"
    write_command
}

# The one command a person needs: as root or as the service's user, it acts as the latter.
write_command() {
    local command=$prefix/$SERVICE
    cat >"$command.new" <<COMMAND
#!/bin/sh
# Runs a command of the scheduler as the user it works for. Made by install.sh.
set -eu
account=$(quoted "$account") folder=$(quoted "$prefix")
if [ "\$(id -un)" = "\$account" ]; then
    exec "\$folder/venv/bin/python" "\$folder/main.py" "\$@"
elif [ "\$(id -u)" -ne 0 ]; then
    echo "error: only root and \$account may give commands to this scheduler: run it with sudo" >&2
    exit 1
fi
# Of root's environment and terminal, tasks are to get nothing: only what a service has, and how to show text.
set -- "\$folder/venv/bin/python" "\$folder/main.py" "\$@"
set -- -u "\$account" -- "\$@"
if [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && runuser --help | grep -q -e --pty; then set -- --pty "\$@"; fi
exec env -i HOME="\$(getent passwd "\$account" | cut -d: -f6)" USER="\$account" LOGNAME="\$account" \\
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM="\${TERM:-dumb}" \\
    \${LANG:+"LANG=\$LANG"} \${LC_ALL:+"LC_ALL=\$LC_ALL"} \${NO_COLOR:+"NO_COLOR=\$NO_COLOR"} runuser "\$@"
COMMAND
    chmod 0755 -- "$command.new"
    mv -f -- "$command.new" "$command"
}

remove_old_releases() {
    local folder
    for folder in "$prefix"/releases/*/; do
        folder=${folder%/}
        case releases/${folder##*/} in
        "releases/$release") ;;
        # The one before is kept: a scheduler that runs since then still loads parts of it.
        "$previous") ;;
        *) [[ $previous == "releases/$release" && -e $folder/.complete ]] || rm -rf --one-file-system -- "$folder" ;;
        esac
    done
}

tell_what_is_next() {
    local command
    command="sudo $(shown "$prefix/$SERVICE")"
    echo
    if [[ $rehearsal ]]; then
        echo "Nothing was changed."
    elif [[ $unit_folder != "$SYSTEMD_UNITS" ]]; then
        echo "Next: have systemd know the unit, or run the scheduler without it:"
        echo "    sudo systemctl enable --now $(shown "$unit")"
        echo "    $command run"
    elif is_running && systemctl --quiet is-active "$SERVICE"; then
        echo "The scheduler goes on with the release before. Have it become the new one, runs under way go on:"
        echo "    sudo systemctl restart $SERVICE"
    else
        echo "Next:"
        echo "    sudo systemctl start $SERVICE"
        echo "    sudo systemctl status $SERVICE"
        echo "    sudo journalctl -u $SERVICE -f"
        echo "Task files go into $(shown "$prefix/tasks"). What they do, and what is wrong with them, is told by:"
        echo "    $command list"
    fi
}

# --- the unit -------------------------------------------------------------------------------------------------------

write_unit() {
    install -d -m 0755 -- "$unit_folder"
    unit_text >"$unit.new"
    chmod 0644 -- "$unit.new"
    mv -f -- "$unit.new" "$unit"
}

unit_text() {
    local manager
    # "systemd 252 (252.39-1~deb12u2)"
    manager=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    cat <<UNIT
# Made by install.sh, which writes it anew at each upgrade: changes of yours go into \`systemctl edit $SERVICE\`.
[Unit]
Description=Task Scheduler: runs the files in $(specifier_free "$prefix")/tasks on the clock
Documentation=$(uri "$prefix/docs/services.md")
Wants=network-online.target
# Schedules are instants of the wall clock: not before it is set.
After=network-online.target time-sync.target nss-user-lookup.target remote-fs.target

[Service]
# READY once tasks are scheduled; the watchdog is fed by the scheduling loop itself, so that one that hangs is replaced.
Type=notify
NotifyAccess=main
WatchdogSec=60
WatchdogSignal=SIGKILL
TimeoutStartSec=5min
TimeoutStopSec=90s

User=$account
Group=$(group_name)
WorkingDirectory=$(specifier_free "$prefix")
ExecStart=$(in_unit "$prefix/venv/bin/python") $(in_unit "$prefix/main.py") run
ExecReload=/bin/kill -HUP \$MAINPID

# Runs outlive the scheduler: stop and restart end it alone, and the next one takes them over.
KillMode=process
# A task that takes too much memory is ended; the scheduler and all other runs go on.
OOMPolicy=continue
# Limits of tasks are kept by the kernel, in control groups below this service's own.
Delegate=yes
UNIT
    if ((${manager:-0} >= 254)); then
        # Only a group without processes of its own hands the controller of memory on.
        echo "DelegateSubgroup=scheduler"
    fi
    cat <<UNIT

# Not \`always\`: who says \`shutdown\` means it. A command line or configuration that cannot be used does not mend itself.
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2 3 8
UNIT
    if [[ $account != root ]]; then
        cat <<UNIT

# What no task needs. All that could break one (sudo, sendmail, devices, /tmp) is for \`install.sh --strict\`.
ProtectSystem=full
CapabilityBoundingSet=~CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_BOOT CAP_SYS_TIME CAP_MAC_ADMIN CAP_MAC_OVERRIDE
UNIT
        case $prefix in /usr/*) echo "ReadWritePaths=$(in_unit "$prefix")" ;; esac
    fi
    cat <<UNIT

[Install]
WantedBy=multi-user.target
UNIT
}

strict_text() {
    cat <<STRICT
# Made by install.sh --strict: without this file, and after \`systemctl daemon-reload\`, tasks may do more.
[Service]
NoNewPrivileges=yes
CapabilityBoundingSet=
# PrivateTmp is not here: its folder goes with the scheduler, and runs outlive that.
ProtectSystem=strict
ReadWritePaths=$(in_unit "$prefix") /tmp /var/tmp
ProtectHome=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
STRICT
}

close_further() {
    [[ $strict ]] || return 0
    step "write $unit.d/strict.conf" write_strict
}

write_strict() {
    install -d -m 0755 -- "$unit.d"
    strict_text >"$unit.d/strict.conf.new"
    mv -f -- "$unit.d/strict.conf.new" "$unit.d/strict.conf"
}

enable_service() {
    if [[ $unit_folder != "$SYSTEMD_UNITS" ]]; then
        step "leave the service as it is: systemd does not look into $unit_folder" true
    elif ! command -v systemctl >/dev/null; then
        step "leave the service as it is: there is no systemctl here" true
    elif is_running; then
        step "have systemd read the unit" systemctl daemon-reload
        step "enable the service" systemctl --quiet enable "$SERVICE.service"
    else
        step "enable the service for the next boot: systemd is not running here" \
            systemctl --quiet enable "$SERVICE.service"
    fi
}

# --- removing -------------------------------------------------------------------------------------------------------

remove_everything() {
    if [[ ! -e $prefix/.installed && ! -e $unit ]]; then
        say "nothing is installed at $prefix"
        return
    fi
    doing="look at $prefix"
    local name made=no
    if [[ -e $prefix/.installed ]]; then
        account=$(sed -n 's/^user=//p' -- "$prefix/.installed")
        made=$(sed -n 's/^made=//p' -- "$prefix/.installed")
        only_one_at_a_time
    fi
    if [[ -x $prefix/venv/bin/python && -e $prefix/main.py ]] && getent passwd "$account" >/dev/null; then
        step "stop the scheduler, and end what it runs" stop_scheduler
    fi
    if [[ $unit_folder == "$SYSTEMD_UNITS" && -e $unit ]] && command -v systemctl >/dev/null; then
        if is_running; then
            step "stop and disable the service" systemctl --quiet disable --now "$SERVICE.service"
        else
            step "disable the service" systemctl --quiet disable "$SERVICE.service"
        fi
    fi
    [[ ! -e $unit ]] || step "remove $unit" rm -f -- "$unit"
    if [[ $purge && -d $unit.d ]]; then step "remove $unit.d" rm -rf -- "$unit.d"; fi
    if [[ $unit_folder == "$SYSTEMD_UNITS" ]] && is_running; then
        step "have systemd forget the unit" systemctl daemon-reload
    fi
    step "remove the program" remove_program
    if [[ ! $purge ]]; then
        local theirs="tasks, config, helpers, data and logs" also=''
        # Who was there before the install stays, whatever is removed.
        if [[ $made == yes ]]; then
            theirs="tasks, config, helpers, data, logs and the user $account"
        else
            also="; the user $account was here before, and stays"
        fi
        step "leave $theirs; --uninstall --purge removes them$also" true
        return
    fi
    step "remove tasks, config, helpers, data and logs" remove_project
    if [[ $made == yes ]] && getent passwd "$account" >/dev/null; then
        step "remove the user $account" remove_account
    fi
}

stop_scheduler() {
    local code=0 said
    said=$(as_account "$prefix/venv/bin/python" "$prefix/main.py" shutdown --kill 2>&1) || code=$?
    # 4: none runs.
    ((code == 0 || code == 4)) || fail 1 "the scheduler did not end:
$said" "end it, then run this again"
    end_hosts
}

# Hosts outlive the scheduler by design, and some minutes of idleness: the program they are of goes now.
end_hosts() {
    local looks hosts signal=TERM
    for ((looks = 0; looks < 100; looks++)); do
        hosts=$(list_hosts)
        [[ $hosts ]] || return 0
        ((looks < 50)) || signal=KILL
        # shellcheck disable=SC2086  # numbers, one a word
        ((looks % 50)) || kill "-$signal" $hosts 2>/dev/null || true
        sleep 0.1
    done
    fail 1 "these processes of $account do not end: ${hosts//$'\n'/ }"
}

list_hosts() {
    local process
    for process in $(pgrep -u "$account" || true); do
        # One that has ended and is not yet waited for has no command line.
        if tr '\0' '\n' 2>/dev/null <"/proc/$process/cmdline" | grep -qF -- "$prefix/data/run/hosts/"; then
            echo "$process"
        fi
    done
}

remove_program() {
    local name
    rm -f -- "$prefix/current" "$prefix/main.py" "$prefix/$SERVICE" "$prefix/.brought" "$prefix/.replacing"
    for name in "${LINKED[@]}"; do
        [[ -L $prefix/$name ]] && rm -f -- "$prefix/$name"
    done
    rm -rf --one-file-system -- "$prefix/releases"
}

remove_project() {
    local name
    for name in tasks config helpers data logs; do rm -rf --one-file-system -- "${prefix:?}/$name"; done
    rm -f -- "$prefix/.installed" "$prefix/.installing" "$prefix/venv.lock"
    rmdir -- "$prefix" 2>/dev/null || say "$prefix stays: it holds what is not of this script's making"
}

remove_account() {
    local said
    said=$(userdel -- "$account" 2>&1) || fail 1 "the user $account could not be removed: $said"
}

# --- small things ---------------------------------------------------------------------------------------------------

# step WORDS COMMAND…: tell what is done and do it; in a rehearsal, tell what would be done.
step() {
    doing=$1
    if [[ $rehearsal ]]; then
        echo "would $1"
    else
        echo "$1"
        "${@:2}"
    fi
}

say() {
    echo "$1"
}

give_up() {
    told=yes
    if [[ $in_force ]]; then
        say_error "$1: the new release is in force, and the next call does what is left"
    elif [[ $uninstall ]]; then
        say_error "$1: the next call goes on with the removal"
    else
        say_error "$1: what was in force before still is"
    fi
}

say_error() {
    echo "error: $1" >&2
    if [[ ${2:-} ]]; then printf '\nhint: %s\n' "$2" >&2; fi
}

# fail CODE SENTENCE [HINT]
fail() {
    told=yes
    say_error "$2" "${3:-}"
    exit "$1"
}

finish() {
    local code=$?
    trap - EXIT
    if [[ $staged ]]; then rm -rf --one-file-system -- "$staged"; fi
    if ((code != 0)) && [[ ! $told ]]; then
        say_error "could not $doing (exit code $code)" "what went wrong is said above; run this again once it is mended"
        code=1
    fi
    exit "$code"
}

is_running() {
    local state
    command -v systemctl >/dev/null || return 1
    state=$(systemctl is-system-running 2>/dev/null) || true
    [[ $state != offline && $state != unknown && $state ]]
}

group_name() {
    id -gn -- "$account" 2>/dev/null || echo "$account"
}

# Runs a command without what the shell this was started from says about Python, packages and projects.
plainly() {
    env -u PYTHONPATH -u PYTHONHOME -u VIRTUAL_ENV -u TASK_SCHEDULER_VIRTUAL_ENV__PATH \
        -u TASK_SCHEDULER_VIRTUAL_ENV__PYTHON_EXECUTABLE "$@"
}

# In / and with the environment of a service: the shell this was started from may stand where the user may not go.
as_account() {
    (
        cd /
        # Without the terminal, into which it could type.
        exec setsid --wait runuser -u "$account" -- env -i HOME="$prefix/data/home" PATH=/usr/local/bin:/usr/bin:/bin \
            "$@" </dev/null
    )
}

shown() {
    printf %q "$1"
}

# For a POSIX shell.
quoted() {
    printf "'%s'" "${1//\'/\'\\\'\'}"
}

specifier_free() {
    printf %s "${1//%/%%}"
}

# One word of a command line in a unit; check_prefix has refused what would need more.
in_unit() {
    printf '"%s"' "${1//%/%%}"
}

uri() {
    local LC_ALL=C path=$1 character escaped=''
    while [[ $path ]]; do
        character=${path:0:1} path=${path:1}
        case $character in
        [A-Za-z0-9/._~-]) escaped+=$character ;;
        *) escaped+=$(printf '%%%%%02X' "'$character") ;;
        esac
    done
    printf 'file://%s' "$escaped"
}

main "$@"
exit
