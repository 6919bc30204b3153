//! Ending what was started in a container.
//!
//! A program that was started by exec lives on when its stream breaks, so a session has to end it
//! itself, and for that it must know which process it is. A few words of POSIX shell before the
//! program say so on the stream, and another few end it and all that it started.

use porthole_wire::text;

/// Longest introduction, in bytes.
pub const INTRODUCTION_MAX_BYTES: usize = 1024;

/// Runs a program and says before, in a control string that no terminal shows, which process it is:
/// `sh -c PREAMBLE TERM PROGRAM ARGUMENT...`. It needs nothing but a shell.
pub const PREAMBLE: &str = "IFS= read -r porthole_ </proc/$$/stat; \
    printf '\\033_porthole %s %s\\033\\\\' \"$$\" \"${porthole_##*) }\"; \
    unset porthole_; TERM=$0; export TERM; exec \"$@\"";

/// Ends a process and its session: `sh -c ENDING_SCRIPT sh PID START`. It hangs up first, and kills
/// what is there two seconds later. It ends with 1 when something is left then.
///
/// The system gives the number of a session to nobody else while a process is in it. A process of
/// that number which began at another time means that the session is gone.
pub const ENDING_SCRIPT: &str = r#"pid=$1 start=$2
fields() { IFS= read -r line <"/proc/$1/stat" || return 1; line=${line##*) }; } 2>/dev/null
if fields "$pid"; then set -- $line; [ "${20}" = "$start" ] || exit 0; fi
each() {
  left=
  for place in /proc/[0-9]*; do
    fields "${place#/proc/}" || continue
    set -- "$1" $line
    [ "$5" = "$pid" ] && [ "$2" != Z ] || continue
    left=1
    kill -"$1" "${place#/proc/}" 2>/dev/null
  done
}
each HUP
each CONT
count=0
while [ "$count" -lt 20 ]; do
  each 0
  [ "$left" ] || exit 0
  count=$((count + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
each KILL
each 0
[ -z "$left" ]
"#;

/// The first process of a session, as its container numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its number, which is its session's as well.
    pub pid: u32,
    /// When it began, in the kernel's ticks.
    pub start: u64,
}

/// Reads how a program is introduced, from the first bytes of its stream.
#[derive(Debug, Default)]
pub struct Introduction {
    seen: Vec<u8>,
}

/// What the first bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Introduced {
    /// Not to be told yet.
    More,
    /// The introduction, and what follows it. Without a process where `/proc` does not say which it
    /// is, or where it has no session of its own.
    As(Option<Process>, Vec<u8>),
    /// Something else: these bytes are the program's own.
    Not(Vec<u8>),
}

const BEGIN: &[u8] = b"\x1b_porthole ";
const END: &[u8] = b"\x1b\\";

impl Introduction {
    /// Takes more bytes. After anything but [`Introduced::More`] there is no more to be told.
    pub fn take(&mut self, bytes: &[u8]) -> Introduced {
        self.seen.extend_from_slice(bytes);
        let common = self.seen.len().min(BEGIN.len());
        if self.seen.get(..common) != BEGIN.get(..common) {
            return Introduced::Not(std::mem::take(&mut self.seen));
        }
        let end = self.seen.windows(END.len()).position(|window| window == END);
        match end {
            None if self.seen.len() > INTRODUCTION_MAX_BYTES => {
                Introduced::Not(std::mem::take(&mut self.seen))
            }
            None => Introduced::More,
            Some(end) => {
                let rest = self.seen.split_off(end + END.len());
                let words = self.seen.get(BEGIN.len()..end).unwrap_or_default();
                Introduced::As(process(&text(words)), rest)
            }
        }
    }
}

/// Reads `PID` and the fields of `/proc/PID/stat` from the third on (proc(5)).
fn process(words: &str) -> Option<Process> {
    let mut words = words.split(' ');
    let pid = words.next()?.parse().ok()?;
    let mut fields = words;
    let session: u32 = fields.nth(3)?.parse().ok()?;
    // The 22nd of all.
    let start = fields.nth(15)?.parse().ok()?;
    (session == pid).then_some(Process { pid, start })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{ENDING_SCRIPT, Introduced, Introduction, PREAMBLE, Process};

    const STAT: &str = "S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 10 20";

    #[test]
    fn reads_an_introduction_however_it_is_cut() {
        let whole = format!("\x1b_porthole 7 {STAT}\x1b\\rest");
        let known = Some(Process { pid: 7, start: 98765 });
        for cut in 0..whole.len() - 5 {
            let mut reader = Introduction::default();
            assert_eq!(reader.take(&whole.as_bytes()[..cut]), Introduced::More, "{cut}");
            let rest = reader.take(&whole.as_bytes()[cut..]);
            assert_eq!(rest, Introduced::As(known, b"rest".to_vec()), "{cut}");
        }
    }

    #[test]
    fn leaves_other_words_alone() {
        for other in ["# ", "\x1b[2J", "\x1b_porthola 7 "] {
            let told = Introduction::default().take(other.as_bytes());
            assert_eq!(told, Introduced::Not(other.into()));
        }
        let endless = format!("\x1b_porthole {}", "9".repeat(2000));
        assert_eq!(
            Introduction::default().take(endless.as_bytes()),
            Introduced::Not(endless.into_bytes())
        );
        for strange in
            ["", "7", "7 S 1 7 8 0 0", "x y", "7 S 1 7 8 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9"]
        {
            let told =
                Introduction::default().take(format!("\x1b_porthole {strange}\x1b\\").as_bytes());
            assert_eq!(told, Introduced::As(None, vec![]), "{strange}");
        }
    }

    /// What is left of a session with this number, without the dead.
    fn left(session: u32) -> usize {
        let output = Command::new("ps").args(["-eo", "sid=,stat="]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let of = |line: &&str| {
            let mut words = line.split_whitespace();
            words.next() == Some(&session.to_string()) && !words.next().unwrap().starts_with('Z')
        };
        text.lines().filter(of).count()
    }

    #[test]
    fn shells_end_what_they_introduced() {
        for shell in [&["sh"][..], &["busybox", "sh"]] {
            let run = |script: &str, rest: &[&str]| {
                let mut command = Command::new("setsid");
                command.args(shell).args(["-c", script]).args(rest);
                command
            };
            // It starts three more, of which one does not hear of being hung up, and goes.
            let program = "sleep 300 & (trap '' HUP; sleep 300) & sleep 300 & echo $TERM";
            let output =
                run(PREAMBLE, &["xterm", "sh", "-c", &format!("({program}) >&2; echo $TERM")])
                    .stderr(std::process::Stdio::null())
                    .output()
                    .unwrap();
            let Introduced::As(Some(process), rest) = Introduction::default().take(&output.stdout)
            else {
                panic!("{output:?}");
            };
            assert_eq!(rest, b"xterm\n");
            assert_eq!(left(process.pid), 3, "{shell:?}");
            let end = |start: u64| {
                let (pid, start) = (process.pid.to_string(), start.to_string());
                let ended = run(ENDING_SCRIPT, &["sh", &pid, &start]).output().unwrap();
                assert!(ended.status.success(), "{ended:?}");
            };
            end(process.start);
            assert_eq!(left(process.pid), 0, "{shell:?}");
        }
    }

    #[test]
    fn a_number_that_is_anothers_by_now_is_left_alone() {
        let mut other = Command::new("setsid").args(["sleep", "300"]).spawn().unwrap();
        let ended = Command::new("sh")
            .args(["-c", ENDING_SCRIPT, "sh", &other.id().to_string(), "1"])
            .status()
            .unwrap();
        assert!(ended.success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
