//! Layer 10: options, files, and the pipeline from source to output.

pub mod build;
pub mod disk;
pub mod drive;
pub mod dump;
pub mod files;
pub mod finished;
pub mod library;
pub mod load;
pub mod modules;
pub mod names;
pub mod output;
pub mod project;
pub mod reduce;
pub mod session;
pub mod sources;
