//! What an SFTP server says: answers, names, and paths that it resolved.

use bytes::BytesMut;
use porthole_sftp::{
    Abilities, Answer, PACKET_MAX_BYTES, PATH_MAX_BYTES, Root, SftpError, take_answer, take_version,
};

/// What came of a server's words.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    abilities: Option<Abilities>,
    answers: Vec<(u32, Answer)>,
    result: Result<(), SftpError>,
    left: usize,
}

/// The first byte says how the network cuts what follows; the second, whether a version comes first,
/// and which root there is. Cuts change nothing; no more is told than was said; no more than one
/// packet is hoarded; and of what a server calls names and paths, what counts as lying below the root
/// does.
pub fn sftp_paths(bytes: &[u8]) {
    let [cut, which, said @ ..] = bytes else { return };
    let greets = which & 1 == 0;
    let whole = hear(greets, [said]);
    assert_eq!(
        hear(greets, said.chunks(usize::from(*cut) + 1)),
        whole,
        "cutting the stream changed its meaning"
    );
    // Each answer has nine bytes at least with its length.
    assert!(whole.answers.len() <= said.len() / 9, "{} answers", whole.answers.len());
    assert!(whole.result.is_err() || whole.left <= PACKET_MAX_BYTES + 4, "{} hoarded", whole.left);
    let root = if which & 2 == 0 { &b"/"[..] } else { b"/srv/files" };
    let root = Root::new(root).expect("it is an absolute path");
    let mut told = 0;
    for (_, answer) in &whole.answers {
        match answer {
            Answer::Names(names) => names.iter().for_each(|found| {
                told += found.name.len();
                check_name(&root, &found.name);
                check_path(&root, &found.name);
                drop(Root::new(&found.name).map(|root| check_path(&root, &found.name)));
            }),
            Answer::Data(bytes) | Answer::Extended(bytes) | Answer::Handle(bytes) => {
                told += bytes.len();
                let _parsed = (Answer::limits(bytes), Answer::free_bytes(bytes));
            }
            Answer::Status(_) | Answer::Attributes(_) => {}
        }
    }
    assert!(told <= said.len(), "{told} bytes from nowhere");
}

fn hear<'a>(greets: bool, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut arrived = BytesMut::new();
    let mut outcome = Outcome { abilities: None, answers: Vec::new(), result: Ok(()), left: 0 };
    let hear_piece = |outcome: &mut Outcome, arrived: &mut BytesMut| {
        if greets && outcome.abilities.is_none() {
            outcome.abilities = take_version(arrived)?;
            if outcome.abilities.is_none() {
                return Ok(());
            }
        }
        while let Some(answer) = take_answer(arrived)? {
            outcome.answers.push(answer);
        }
        Ok(())
    };
    for piece in pieces {
        arrived.extend_from_slice(piece);
        if let Err(error) = hear_piece(&mut outcome, &mut arrived) {
            // How much of a server's words is quoted depends on how much of them has come.
            outcome.result = Err(match error {
                SftpError::Words { .. } => SftpError::Words { words: String::new() },
                error => error,
            });
            return outcome;
        }
    }
    outcome.left = arrived.len();
    outcome
}

/// A plain name makes a path below the root.
fn check_name(root: &Root, name: &[u8]) {
    let Ok(name) = std::str::from_utf8(name) else { return };
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return;
    }
    let at = root.at(name);
    assert!(at.len() > PATH_MAX_BYTES || root.holds(&at), "{name:?} is lost");
    assert_eq!(at.len(), root.at("x").len() - 1 + name.len());
}

/// A path that the root holds leads nowhere else, whoever walks it.
fn check_path(root: &Root, path: &[u8]) {
    let Some(steps) = root.steps(path) else {
        assert!(!root.holds(path), "{path:?} has no steps");
        return;
    };
    assert!(root.holds(path), "{path:?} has steps");
    let mut walked: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/').skip(1) {
        match name {
            b".." => drop(walked.pop()),
            b"" | b"." => {}
            name => walked.push(name),
        }
    }
    let walked: Vec<u8> = walked.iter().flat_map(|name| [b"/", *name].concat()).collect();
    let start = if root.is_all() { Vec::new() } else { root.at("") };
    assert!(walked.starts_with(&start), "{path:?} leads out");
    assert!(walked.len() == start.len() || walked.get(start.len()) == Some(&b'/'));
    // Each step is one name more than the one before.
    let mut before = start;
    for step in steps {
        let name = step.strip_prefix(before.as_slice()).and_then(|rest| rest.strip_prefix(b"/"));
        assert!(name.is_some_and(|name| !name.is_empty() && !name.contains(&b'/')), "{step:?}");
        before = step.to_vec();
    }
    assert!(path == before || path == b"/", "the last step is another place");
}
