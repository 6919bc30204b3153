//! Numbers of the specifications.

/// Commands (RFC 854, RFC 885): the byte after [`command::IAC`].
pub(crate) mod command {
    /// The end of a subnegotiation.
    pub(crate) const SE: u8 = 240;
    /// Nothing.
    pub(crate) const NOP: u8 = 241;
    /// Are you there?
    pub(crate) const AYT: u8 = 246;
    /// The start of a subnegotiation.
    pub(crate) const SB: u8 = 250;
    /// The sender would, or does, use an option.
    pub(crate) const WILL: u8 = 251;
    /// The sender does not use an option.
    pub(crate) const WONT: u8 = 252;
    /// The receiver is to use an option.
    pub(crate) const DO: u8 = 253;
    /// The receiver is not to use an option.
    pub(crate) const DONT: u8 = 254;
    /// What follows is a command; doubled, a byte of text.
    pub(crate) const IAC: u8 = 255;
}

/// Options.
pub(crate) mod option {
    /// Eight bits, and no end of line of telnet's own (RFC 856).
    pub(crate) const BINARY: u8 = 0;
    /// The sender shows what the other types (RFC 857).
    pub(crate) const ECHO: u8 = 1;
    /// No Go Ahead (RFC 858).
    pub(crate) const SUPPRESS_GO_AHEAD: u8 = 3;
    /// What the terminal is called (RFC 1091).
    pub(crate) const TERMINAL_TYPE: u8 = 24;
    /// Prompts end with a command (RFC 885).
    pub(crate) const END_OF_RECORD: u8 = 25;
    /// The terminal's size (RFC 1073).
    pub(crate) const WINDOW_SIZE: u8 = 31;
    /// Environment variables (RFC 1572).
    pub(crate) const NEW_ENVIRON: u8 = 39;
    /// How characters are encoded (RFC 2066).
    pub(crate) const CHARSET: u8 = 42;
}

/// A carriage return.
pub(crate) const CR: u8 = b'\r';
/// A line feed.
pub(crate) const LF: u8 = b'\n';
