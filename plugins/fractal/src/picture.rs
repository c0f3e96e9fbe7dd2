//! A picture as a file.
//!
//! # Colours
//! Black is inside. Outside, the colour goes by the logarithm of the iterations, of which there
//! are few far from the set and ever more towards it, once round a palette from deep blue over
//! white and amber back to blue; between its five colours in a straight line.

use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Write};

use terrace_plugin_api::{Array, ErrorClass, TaskError, task};

use crate::band::Picture;

/// Where on the way round each colour stands, and which it is: red, green, blue.
const PALETTE: [(f64, [f64; 3]); 6] = [
    (0.0, [0.0, 7.0, 100.0]),
    (0.16, [32.0, 107.0, 203.0]),
    (0.42, [237.0, 255.0, 255.0]),
    (0.64, [255.0, 170.0, 0.0]),
    (0.86, [60.0, 20.0, 20.0]),
    (1.0, [0.0, 7.0, 100.0]),
];

/// Writes a picture as a PNG file of 8 bits a channel, replacing what is there, and gives its
/// path. The folder must exist.
///
/// # Errors
/// Code `not_found`, `permission_denied` or `io` where the file cannot be written; `picture` where
/// there is not a count for each pixel.
#[task(blocking, idempotent)]
pub fn png(
    /// The file.
    path: String,
    /// What `join` gave.
    picture: &Picture,
) -> Result<String, TaskError> {
    let pixels = colours(picture)?;
    match write(&path, picture, &pixels) {
        Ok(()) => Ok(path),
        Err(error) => {
            let code = match error.kind() {
                ErrorKind::NotFound => "not_found",
                ErrorKind::PermissionDenied => "permission_denied",
                _ => "io",
            };
            Err(TaskError::msg(format!("cannot write {path}")).with_code(code).with_cause(error))
        }
    }
}

fn write(path: &str, picture: &Picture, pixels: &[u8]) -> Result<(), Error> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut encoder = ::png::Encoder::new(&mut file, picture.width, picture.height);
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_depth(::png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    file.flush()
}

/// Red, green and blue of each pixel.
fn colours(picture: &Picture) -> Result<Vec<u8>, TaskError> {
    let size = [picture.height.into(), picture.width.into()];
    let counts = Some(&picture.counts).filter(|counts| counts.shape() == size);
    let Some(counts) = counts.and_then(Array::as_slice::<i32>) else {
        let message = format!(
            "input `picture`: the counts are not {} rows of {} integers of 32 bits",
            picture.height, picture.width
        );
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("picture"));
    };
    Ok(counts.iter().flat_map(|&count| colour(count, picture.most)).collect())
}

/// The colour of a pixel that left after `count` iterations of `most`.
fn colour(count: i32, most: u32) -> [u8; 3] {
    let count = f64::from(count.max(0));
    if count >= f64::from(most) {
        return [0; 3];
    }
    let at = (1.0 + count).ln() / (1.0 + f64::from(most)).ln();
    // `at` is from 0 up to, and without, 1, so there is a colour on either side.
    let above = PALETTE.iter().position(|&(place, _)| place > at).unwrap_or(PALETTE.len() - 1);
    let ((low, from), (high, to)) = (PALETTE[above - 1], PALETTE[above]);
    let part = (at - low) / (high - low);
    [0, 1, 2].map(|channel| (from[channel] + part * (to[channel] - from[channel])).round() as u8)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Cursor;

    use super::*;

    fn picture(counts: &[i32]) -> Picture {
        let (width, height) = (2, counts.len() as u32 / 2);
        let shape = [height.into(), width.into()];
        let counts = Array::with_shape(counts, &shape).unwrap();
        Picture { width, height, inside: 0, iterations: 0, most: 256, counts }
    }

    #[test]
    fn the_file_has_the_colours_of_the_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.png").to_str().unwrap().to_owned();
        let shown = picture(&[0, 256, 1, 255, 8, -1]);
        assert_eq!(png(path.clone(), &shown).unwrap(), path);
        let mut reader =
            ::png::Decoder::new(Cursor::new(fs::read(&path).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (2, 3));
        assert_eq!(pixels, colours(&shown).unwrap());
        assert_eq!(pixels[..6], [0, 7, 100, 0, 0, 0]);
        // Whatever was not written yet is when it is written again.
        png(path, &shown).unwrap();
    }

    #[test]
    fn every_count_has_a_colour() {
        for most in [1, 2, 256, 100_000] {
            assert_eq!(colour(most as i32, most), [0, 0, 0]);
            assert_eq!(colour(0, most), [0, 7, 100]);
            for count in 0..most.min(1000) as i32 {
                assert_ne!(colour(count, most), [0, 0, 0]);
            }
        }
        assert_ne!(colour(99_999, 100_000), [0, 0, 0]);
    }

    #[test]
    fn what_cannot_be_written_says_why() {
        let nowhere = "/no/such/folder/m.png".to_owned();
        assert_eq!(png(nowhere, &picture(&[0, 0])).unwrap_err().code(), "not_found");
        let mut wrong = picture(&[0, 0]);
        wrong.width = 3;
        assert_eq!(png("never".to_owned(), &wrong).unwrap_err().code(), "picture");
        assert!(!fs::exists("never").unwrap());
    }
}
