//! The tokens of PyCo.
