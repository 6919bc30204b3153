//! Just enough of Protocol Buffers for containerd's requests.

/// A message in the making.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// A string, or one more of a repeated one.
    pub(super) fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// A message inside this one.
    pub(super) fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// A number, an enumerator, or a flag.
    pub(super) fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    /// The message as sent.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'a> {
    /// A string or a message.
    Bytes(&'a [u8]),
    /// A number.
    Number(u64),
}

/// The first field of this number in `message`, if there is one that can be read.
pub(super) fn field(mut message: &[u8], number: u64) -> Option<Field<'_>> {
    while !message.is_empty() {
        let key = take_varint(&mut message)?;
        let value = match key & 7 {
            0 => Field::Number(take_varint(&mut message)?),
            2 => {
                let len = usize::try_from(take_varint(&mut message)?).ok()?;
                let (value, rest) = message.split_at_checked(len)?;
                message = rest;
                Field::Bytes(value)
            }
            _ => return None,
        };
        if key >> 3 == number {
            return Some(value);
        }
    }
    None
}

fn take_varint(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let inner = Message::default().text(1, "name").number(4, 300);
        let bytes = Message::default().message(1, &inner).number(3, 1).into_bytes();
        assert_eq!(bytes, b"\x0a\x09\x0a\x04name\x20\xac\x02\x18\x01");
        assert_eq!(field(&bytes, 3), Some(Field::Number(1)));
        assert_eq!(field(&bytes, 2), None);
        let Some(Field::Bytes(inner)) = field(&bytes, 1) else { panic!("no message") };
        assert_eq!(field(inner, 1), Some(Field::Bytes(b"name")));
        assert_eq!(field(inner, 4), Some(Field::Number(300)));
    }

    #[test]
    fn cut_messages_have_no_field() {
        assert_eq!(field(b"\x0a\x09ab", 1), None);
        assert_eq!(field(b"\x80", 1), None);
        assert_eq!(field(b"", 1), None);
    }
}
