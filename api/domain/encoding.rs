//! Bytes in forms that mean one thing only.

use std::fmt::Write;

/// Joins parts so that no two lists of parts give the same bytes.
pub fn length_prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        joined.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// The parts that [`length_prefixed`] joined.
pub fn split(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        parts.push(part);
        bytes = rest;
    }
    Some(parts)
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes that [`hex`] wrote; in capital letters they would have a second spelling.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_split_as_they_were_joined() {
        for parts in [vec![], vec![&b"a"[..]], vec![&b""[..], b"bc", b""]] {
            assert_eq!(split(&length_prefixed(&parts)).unwrap(), parts);
        }
        assert_eq!(split(&[0, 0, 0, 2, 1]), None);
    }

    #[test]
    fn digits_read_back() {
        assert_eq!(unhex(&hex(&[0, 10, 255])).unwrap(), [0, 10, 255]);
        for other in ["0", "zz", "0A", "+1", "000"] {
            assert_eq!(unhex(other), None, "{other}");
        }
    }
}
