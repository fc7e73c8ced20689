//! A text as a QR code (ISO/IEC 18004) in a PNG picture.

use qrcode::{Color, EcLevel, QrCode};

use super::failure::{Code, Failure};

/// Most bytes that one code holds: version 40, error correction level L.
pub(super) const QR_MAX_BYTES: usize = 2_953;
/// Pixels per module.
const SCALE: usize = 4;
/// Light modules around the code; the standard asks for four.
const QUIET: usize = 4;

/// The picture's bytes.
pub(super) fn png(text: &str) -> Result<Vec<u8>, Failure> {
    let too_large = || Failure::new(Code::QrTooLarge).with("bytes", text.len()).with("max", QR_MAX_BYTES);
    if text.len() > QR_MAX_BYTES {
        return Err(too_large());
    }
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).map_err(|_| too_large())?;
    let modules = code.width() + 2 * QUIET;
    let side = modules * SCALE;
    let dark = |x: usize, y: usize| {
        let inside = |n: usize| (QUIET..QUIET + code.width()).contains(&n);
        inside(x) && inside(y) && code[(x - QUIET, y - QUIET)] == Color::Dark
    };
    let pixels: Vec<u8> =
        (0..side).flat_map(|y| (0..side).map(move |x| (x / SCALE, y / SCALE))).map(|(x, y)| if dark(x, y) { 0 } else { 255 }).collect();
    encode(side, &pixels).map_err(|e| Failure::new(Code::OutputFailed).with("detail", e))
}

fn encode(side: usize, pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::new();
    // At most 185 modules of 4 pixels: far below the limits of the format.
    let side = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_becomes_a_picture_and_a_larger_one_an_error() {
        let picture = png(&"x".repeat(QR_MAX_BYTES)).unwrap();
        assert!(picture.starts_with(b"\x89PNG"));
        assert_eq!(png(&"x".repeat(QR_MAX_BYTES + 1)).unwrap_err().exit(), Code::QrTooLarge.exit());
    }
}
