//! Program files.
//!
//! In: a linked image. Out: its bytes behind the load address, as LOAD wants them.

use crate::link::Image;

/// The PRG file of an image.
pub fn write(image: &Image) -> Vec<u8> {
    let mut file = image.load.to_le_bytes().to_vec();
    file.extend_from_slice(&image.bytes);
    file
}
