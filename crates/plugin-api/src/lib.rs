//! Values, ports and the call convention of Terrace packs.
