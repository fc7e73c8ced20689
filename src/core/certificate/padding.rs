//! Padding before sealing, so that the length of sealed bytes says little about what is inside (ISO/IEC 7816-4: one byte 0x80, then zeros).

use zeroize::Zeroizing;

const MARK: u8 = 0x80;

/// Pads to the next multiple of `block` bytes; at least one byte is added.
#[must_use]
pub fn pad(plaintext: &[u8], block: usize) -> Zeroizing<Vec<u8>> {
    let len = (plaintext.len() / block + 1) * block;
    // Reserved in one piece: growing would leave copies of the plaintext behind.
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    out.extend_from_slice(plaintext);
    out.push(MARK);
    out.resize(len, 0);
    out
}

/// The plaintext that [`pad`] with the same `block` was given; `None` for anything that `pad` does not make.
#[must_use]
pub fn unpad(padded: &[u8], block: usize) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    let well_formed = padded[end] == MARK && padded.len() == (end / block + 1) * block;
    well_formed.then(|| &padded[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_comes_off_and_has_one_form() {
        for len in 0..200 {
            let plain = vec![0x80; len];
            let padded = pad(&plain, 64);
            assert_eq!(padded.len() % 64, 0);
            assert_eq!(unpad(&padded, 64), Some(&plain[..]));
        }
        assert_eq!(unpad(&[], 64), None);
        assert_eq!(unpad(&[0; 64], 64), None);
        let mut twice = pad(b"x", 64).to_vec();
        twice.resize(128, 0);
        assert_eq!(unpad(&twice, 64), None);
    }
}
