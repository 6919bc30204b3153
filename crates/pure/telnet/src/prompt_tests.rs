use super::{LINE_MAX_BYTES, Pattern, PatternError, PromptLine};

fn line(written: &[u8]) -> Vec<u8> {
    let mut line = PromptLine::new();
    for byte in written {
        line.push(*byte);
    }
    line.bytes().to_vec()
}

#[test]
fn keeps_the_line_without_control_sequences() {
    let cases: [(&[u8], &[u8]); 13] = [
        (b"Welcome\r\nlogin: ", b"login: "),
        (b"\x1b[1;31mlogin\x1b[0m:", b"login:"),
        (b"\x1b]0;title login:\x07ok", b"ok"),
        (b"\x1b]0;title\x1b\\ok", b"ok"),
        (b"\x1b(Bok\x1b=", b"ok"),
        (b"\x1bPdevice\x1b\\ok", b"ok"),
        (b"\x1b[2J\x1b[Hok", b"ok"),
        (b"\x1b[12\x18ok", b"ok"),
        (b"ab\x08c", b"ac"),
        ("é\u{8}ok".as_bytes(), b"ok"),
        (b"a\tb", b"a b"),
        (b"rewritten\rlogin:", b"login:"),
        (b"\x1b]0;never ends", b""),
    ];
    for (written, want) in cases {
        assert_eq!(line(written), want, "{:?}", String::from_utf8_lossy(written));
    }
    assert_eq!(line(&vec![b'x'; 100_000]).len(), LINE_MAX_BYTES);
    assert_eq!(line(&vec![b'\t'; 100_000]).len(), LINE_MAX_BYTES);
}

#[test]
fn compiles_bounded_patterns() {
    for good in [Pattern::USERNAME, Pattern::PASSWORD, "^[[:alnum:]]+[$#>] ?$", "(User|Name):", ""]
    {
        Pattern::new(good).unwrap();
    }
    assert_eq!(Pattern::new(&"x".repeat(1025)), Err(PatternError::TooLong(1025)));
    assert_eq!(Pattern::new("(((a{100}){100}){100})"), Err(PatternError::TooLarge));
    assert!(matches!(Pattern::new("login["), Err(PatternError::Syntax(_))));
    let error = Pattern::new("(").unwrap_err().to_string();
    assert_eq!(error, "not a regular expression: unclosed group");
    assert!(Pattern::new(&"(".repeat(500)).is_err());
}
