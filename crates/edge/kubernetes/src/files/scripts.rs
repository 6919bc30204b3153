//! What is run in a container for its files: POSIX shell, with the words as arguments, so that no name
//! is ever read as a command.
//!
//! Each begins by going to a directory and looking where it has got to (`pwd -P`). From there on names
//! without a slash are used alone, so a link that is put in the way meanwhile leads nowhere.

use porthole_files::FilesError;

/// Goes to the directory `$2` below the root `$1`, and stops unless it has got there.
/// `$3` is a name in it.
const ENTER: &str = r#"
LC_ALL=C; export LC_ALL
need() { for word; do command -v "$word" >/dev/null 2>&1 || { echo "lacking $word" >&2; exit 77; }; done; }
enter() {
  cd -P "$1" 2>/dev/null || exit 70
  top=$(pwd -P); [ "$top" = / ] && top=
  if [ -n "$2" ]; then
    [ -e "./$2" ] || exit 70
    [ -d "./$2" ] || exit 71
    cd -P "./$2" 2>/dev/null || exit 72
  fi
  case "$(pwd -P)/" in "$top"/*) ;; *) exit 72;; esac
}
# Links are followed where there is nothing outside.
kind() {
  if [ -L "./$1" ] && [ -n "$top" ]; then exit 72; fi
  [ -e "./$1" ] || exit 70
}
file() {
  kind "$1"
  [ -d "./$1" ] && exit 74
  [ -f "./$1" ] || exit 76
}
# Makes room where an empty directory is.
clear_away() {
  rmdir "./$1" 2>/dev/null && return
  for inside in "./$1"/* "./$1"/.[!.]* "./$1"/..?*; do
    if [ -e "$inside" ] || [ -L "$inside" ]; then exit 75; fi
  done
  exit 72
}
follow() { if [ -n "$top" ]; then echo ""; else echo "-L"; fi; }
free() { set -- $(df -Pk . 2>/dev/null | tail -n 1); echo "free ${4:-0}"; }
"#;

/// A script and what it is called in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script {
    pub(super) name: &'static str,
    body: &'static str,
}

impl Script {
    pub(super) fn text(self) -> String {
        [ENTER, self.body].concat()
    }
}

/// ROOT FOLDER: how much is free, then a line for each entry.
pub(super) const LIST: Script = Script {
    name: "list",
    body: r#"need find stat
enter "$1" "$2"
free
find . ! -name . -prune -exec stat $(follow) -c '%f %s %Y %n' {} + 2>/dev/null
exit 0
"#,
};

/// ROOT FOLDER NAME: a line for it; for the root itself, without a name.
pub(super) const STAT: Script = Script {
    name: "stat",
    body: r#"need stat
enter "$1" "$2"
if [ -n "$3" ]; then kind "$3"; fi
stat $(follow) -c '%f %s %Y %n' "./$3"
"#,
};

/// ROOT FOLDER NAME: a tar archive of it.
pub(super) const READ: Script = Script {
    name: "read",
    body: r#"need tar
enter "$1" "$2"
file "$3"
[ -r "./$3" ] || exit 72
if [ -n "$top" ]; then tar -c -f - "./$3"; else tar -c -h -f - "./$3"; fi
"#,
};

/// ROOT FOLDER NAME FROM: its bytes, the first is numbered 1.
pub(super) const READ_FROM: Script = Script {
    name: "read from",
    body: r#"need tail
enter "$1" "$2"
file "$3"
tail -c "+$4" "./$3"
"#,
};

/// ROOT FOLDER NAME MODE: a line for it, and then takes bytes, each time after a line that says how
/// many, and says how many it has written.
pub(super) const WRITE: Script = Script {
    name: "write",
    body: r#"need stat dd
enter "$1" "$2"
if [ -L "./$3" ] && [ -n "$top" ]; then exit 72; fi
[ -d "./$3" ] && exit 74
if [ -e "./$3" ] && [ ! -f "./$3" ]; then exit 76; fi
case $4 in
  existing) [ -e "./$3" ] || exit 70;;
  new) [ -e "./$3" ] && exit 73; set -C; : >"./$3" || exit 72; set +C;;
  keep) : >>"./$3" || exit 72;;
  truncate) : >"./$3" || exit 72;;
esac
[ -w "./$3" ] || exit 72
stat $(follow) -c '%f %s %Y %n' "./$3" || exit 72
while read -r count; do
  case $count in *[!0-9]*|'') exit 0;; esac
  dd bs="$count" count=1 iflag=fullblock 2>/dev/null >>"./$3" || exit 78
  echo "wrote $count"
done
"#,
};

/// ROOT FOLDER NAME LENGTH
pub(super) const SET_LENGTH: Script = Script {
    name: "set length",
    body: r#"need dd
enter "$1" "$2"
file "$3"
dd if=/dev/null of="./$3" bs=1 seek="$4" count=0 2>/dev/null || exit 72
"#,
};

/// ROOT FOLDER NAME FOLDER NAME REPLACE
pub(super) const RENAME: Script = Script {
    name: "rename",
    body: r#"need mv rmdir
root=$1
enter "$root" "$2"
if [ ! -e "./$3" ] && [ ! -L "./$3" ]; then exit 70; fi
what=file; [ -d "./$3" ] && [ ! -L "./$3" ] && what=directory
here=$(pwd -P)
enter "$root" "$4"
there=$(pwd -P)
if [ -e "./$5" ] || [ -L "./$5" ]; then
  [ "$6" = replace ] || exit 73
  [ "$here/$3" = "$there/$5" ] && exit 0
  if [ $what = directory ]; then
    if [ -L "./$5" ] || [ ! -d "./$5" ]; then exit 71; fi
    clear_away "$5"
  elif [ -d "./$5" ]; then
    # What stands for a directory would have it put inside.
    [ -L "./$5" ] && exit 73
    exit 74
  fi
fi
enter "$root" "$2"
[ "$there" = / ] && there=
mv -f "./$3" "$there/$5" 2>/dev/null || exit 72
"#,
};

/// ROOT FOLDER NAME
pub(super) const REMOVE: Script = Script {
    name: "remove",
    body: r#"need rm rmdir
enter "$1" "$2"
if [ -L "./$3" ] || [ ! -d "./$3" ]; then
  if [ ! -e "./$3" ] && [ ! -L "./$3" ]; then exit 70; fi
  rm -f "./$3" 2>/dev/null || exit 72
else
  clear_away "$3"
fi
"#,
};

/// ROOT FOLDER NAME
pub(super) const MAKE_DIRECTORY: Script = Script {
    name: "make directory",
    body: r#"need mkdir
enter "$1" "$2"
if [ -e "./$3" ] || [ -L "./$3" ]; then exit 73; fi
mkdir "./$3" 2>/dev/null || exit 72
"#,
};

/// ROOT FOLDER NAME SECONDS
pub(super) const SET_MODIFIED: Script = Script {
    name: "set modified",
    body: r#"need touch
enter "$1" "$2"
kind "${3:-.}"
touch -m -d "@$4" "./${3:-.}" 2>/dev/null || exit 72
"#,
};

/// ROOT
pub(super) const FREE: Script = Script {
    name: "free",
    body: r#"need df tail
enter "$1" ""
free
"#,
};

/// What a script's exit code means. `words` is what it wrote to its standard error.
pub(super) fn fault(code: u32, words: &str) -> FilesError {
    match code {
        70 => FilesError::NotFound,
        71 => FilesError::NotADirectory,
        72 => FilesError::Denied,
        73 => FilesError::Exists,
        74 => FilesError::IsADirectory,
        75 => FilesError::NotEmpty,
        76 => FilesError::Special,
        77 => {
            let program = words.lines().find_map(|line| line.strip_prefix("lacking "));
            FilesError::Lacking { program: lacking(program.unwrap_or_default()) }
        }
        78 => FilesError::NoSpace,
        code => FilesError::Io(std::io::Error::other(format!(
            "a script ended with {code}: {}",
            porthole_wire::text(words.as_bytes())
        ))),
    }
}

/// A program by its name, as far as a script asks for it.
pub(super) fn lacking(program: &str) -> &'static str {
    const ASKED_FOR: [&str; 13] = [
        "find", "stat", "tar", "tail", "dd", "mv", "rm", "rmdir", "mkdir", "touch", "df", "sh",
        "cat",
    ];
    ASKED_FOR.into_iter().find(|known| *known == program.trim()).unwrap_or("program for this")
}

#[cfg(test)]
#[path = "scripts_tests.rs"]
mod tests;
