//! Macros for authors of Terrace packs.
