//! Scripts, as shells read them.

use std::process::Command;

use super::{
    FREE, LIST, MAKE_DIRECTORY, READ, READ_FROM, REMOVE, RENAME, SET_LENGTH, SET_MODIFIED, STAT,
    WRITE, fault,
};

const ALL: [super::Script; 11] = [
    FREE,
    LIST,
    MAKE_DIRECTORY,
    READ,
    READ_FROM,
    REMOVE,
    RENAME,
    SET_LENGTH,
    SET_MODIFIED,
    STAT,
    WRITE,
];

#[test]
fn every_shell_understands_them() {
    for script in ALL {
        for shell in [&["sh"][..], &["busybox", "sh"], &["bash", "--posix"]] {
            let mut command = Command::new(shell[0]);
            let command = command.args(&shell[1..]).args(["-n", "-c", &script.text()]);
            let checked = command.output().unwrap();
            assert!(checked.status.success(), "{} in {shell:?}: {checked:?}", script.name);
        }
    }
}

#[test]
fn says_which_program_is_lacking() {
    for script in ALL {
        let text = script.text();
        let needs = text.lines().find_map(|line| line.strip_prefix("need ")).unwrap();
        for program in needs.split(' ') {
            let words = fault(77, &format!("lacking {program}\n")).to_string();
            assert_eq!(words, format!("there is no {program} there, and it is needed for this"));
        }
        // A container with a shell and nothing else.
        let output = Command::new("/bin/sh")
            .args(["-c", &text, "sh", "/", "", "f", "new"])
            .env("PATH", "/nowhere")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(77), "{}: {output:?}", script.name);
    }
}

#[test]
fn codes_have_meanings() {
    let causes = [
        (70, "not_found"),
        (71, "not_a_folder"),
        (72, "denied"),
        (73, "exists"),
        (74, "is_a_folder"),
        (75, "not_empty"),
        (76, "special"),
        (78, "no_space"),
        (1, "io"),
    ];
    for (code, cause) in causes {
        assert_eq!(fault(code, "").cause(), cause);
    }
}
