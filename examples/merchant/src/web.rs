//! Pages and handlers.
