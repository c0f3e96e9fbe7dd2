//! Terrace: run task graphs whose tasks ship as native packs.
