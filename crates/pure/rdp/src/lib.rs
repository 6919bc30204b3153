//! RDP.

pub mod graphics_pipeline;
