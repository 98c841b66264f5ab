# What environment/run and environment/doctor both ask of this machine; sourced, in the repository's root.
# A question that goes wrong answers 1, with the fault in $fault and what to do about it, a line each, in $remedy.

kernel_dir=$root/build/jupyter/kernels/java
stamp=$root/build/jupyter/built

trouble() {
    fault=$1
    shift
    remedy=$(printf '%s\n' "$@")
    return 1
}

# ---------------------------------------------------------------- Java
# Sets $java_home and $java_version.
look_for_java() {
    if [ -n "${JAVA_HOME:-}" ]; then
        [ -x "$JAVA_HOME/bin/java" ] || { trouble "JAVA_HOME is $JAVA_HOME, which has no bin/java" "set it to a JDK 17 or newer, or unset it"; return 1; }
        java_home=$JAVA_HOME
    elif [ -x /usr/libexec/java_home ] && java_home=$(/usr/libexec/java_home -v 17+ 2>/dev/null); then
        :
    else
        command -v java >/dev/null 2>&1 || { no_jdk "there is no Java"; return 1; }
        java_home=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p')
    fi
    settings=$("$java_home/bin/java" -XshowSettings:properties -version 2>&1 || true)
    java_version=$(printf '%s\n' "$settings" | sed -n 's/^ *java\.specification\.version = //p')
    case $java_version in 1.*|9|10|11|12|13|14|15|16|'') no_jdk "$java_home is Java ${java_version:-of an unknown version}"; return 1 ;; esac
    [ -x "$java_home/bin/javac" ] || { no_jdk "$java_home is a JRE: it has no compiler"; return 1; }
}

no_jdk() {
    trouble "$1; Memoria needs a JDK 17 or newer" \
        "Debian, Ubuntu:  apt-get install openjdk-17-jdk-headless" \
        "macOS:           brew install --cask temurin" \
        "others:          https://adoptium.net" \
        "then set JAVA_HOME to it if it is not the first java on the PATH"
}

look_for_maven() {
    command -v mvn >/dev/null 2>&1 || trouble "there is no Maven (mvn)" \
        "Debian, Ubuntu:  apt-get install maven" "macOS:           brew install maven" "others:          https://maven.apache.org/download.cgi"
}

# ---------------------------------------------------------------- kernel
# What the kernel's jars were built for; another answer means to build again.
flavor() { printf '%s\n' "java=$java_home gpu=${gpu:-no} parquet=${parquet:-no} root=$root heap=${MEMORIA_HEAP:-4g}"; }

outdated() {
    [ -f "$kernel_dir/kernel.json" ] && [ -f "$stamp" ] || return 0
    [ "$(cat "$stamp")" = "$(flavor)" ] || return 0
    [ -n "$(find pom.xml lib/pom.xml lib/src/main data-manifests environment/kernel/pom.xml environment/kernel/src/main parquet/pom.xml parquet/src/main environment/run environment/machine.sh \
        ! -path data-manifests ! -path data-manifests/lock.json -newer "$stamp" -print)" ]
}

# ---------------------------------------------------------------- Jupyter
has_jupyter() { "$1" -c 'import nbclient, nbformat, nbconvert, jupyter_client' >/dev/null 2>&1; }

# Sets $python to one that has Jupyter.
look_for_jupyter() {
    if [ -n "${MEMORIA_PYTHON:-}" ]; then
        python=$MEMORIA_PYTHON
        has_jupyter "$python" || trouble "MEMORIA_PYTHON is $python, which cannot import nbclient, nbformat, nbconvert and jupyter_client" \
            "install them for it: $python -m pip install -r environment/requirements.txt" "or unset MEMORIA_PYTHON"
        return
    fi
    for python in python3 /usr/bin/python3 /opt/homebrew/bin/python3 /usr/local/bin/python3 "$root/build/venv/bin/python"; do
        if command -v "$python" >/dev/null 2>&1 && has_jupyter "$python"; then return 0; fi
    done
    if any_python; then
        trouble "no Python here has Jupyter (nbclient, nbformat, nbconvert, jupyter_client)" "$(jupyter_by_hand)"
    else
        trouble "there is no Python (python3), which Jupyter needs" "Debian, Ubuntu:  apt-get install python3" "$(jupyter_by_hand)"
    fi
}

jupyter_by_hand() {
    printf '%s\n' "install Jupyter, one of:" \
        "  pip install -r environment/requirements.txt, and set MEMORIA_PYTHON to that python" \
        "  apt-get install python3-nbclient python3-nbformat python3-nbconvert python3-jupyter-client"
}

# Sets $python to one that runs.
any_python() {
    for python in python3 /usr/bin/python3 /opt/homebrew/bin/python3 /usr/local/bin/python3; do
        if "$python" -c '' >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

# ---------------------------------------------------------------- disk
# Free megabytes where a folder is or would be; nothing if the machine does not say.
free_mb() {
    there=$1
    while [ ! -d "$there" ]; do there=$(dirname -- "$there"); done
    df -Pk "$there" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }'
}

# Whether a folder is there, or can be made, and takes files: read-only mounts answer like missing rights.
writable() {
    there=$1
    while [ ! -e "$there" ]; do there=$(dirname -- "$there"); done
    [ -d "$there" ] && [ -w "$there" ]
}

look_for_room() {
    writable "$root/build" || { trouble "$root/build cannot be written to" "give this user the right to, or clone to another folder"; return 1; }
    room=$(free_mb "$root/build")
    [ "${room:-999}" -ge 400 ] || trouble "there are $room MB free for $root/build; the kernel and its results need 400" \
        "free some space, or clone to another disk"
}

# ---------------------------------------------------------------- fonts
# Linux alone may have none.
look_for_fonts() {
    [ "$(uname -s)" = Linux ] || return 0
    for folder in /usr/share/fonts /usr/local/share/fonts "${HOME:-/}/.fonts" "${HOME:-/}/.local/share/fonts"; do
        if [ -d "$folder" ] && [ -n "$(find -L "$folder" \( -name '*.ttf' -o -name '*.otf' -o -name '*.pfb' -o -name '*.ttc' \) -print 2>/dev/null | head -n 1)" ]; then
            return 0
        fi
    done
    trouble "this machine has no fonts: charts will appear as text" "Debian, Ubuntu: apt-get install fontconfig fonts-dejavu-core"
}
