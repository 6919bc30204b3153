//! What we accept from a server, in one place.

/// Most bytes that have to be buffered before the client can make progress: one TPKT packet, whose
/// length field has 16 bits. Larger things come in pieces and are put together here.
pub const ARRIVED_MAX_BYTES: usize = 1 << 16;

/// Longest `TSRequest` of `CredSSP` that we are willing to read, in bytes. NTLM's take one or two
/// thousand; a Kerberos ticket with many groups takes tens of thousands.
pub(crate) const TS_REQUEST_MAX_BYTES: usize = 1 << 16;

/// Longest fast-path update that we put together from fragments, in bytes.
pub(crate) const UPDATE_MAX_BYTES: usize = 16 << 20;

/// Bytes of scratch memory that are kept from one message to the next.
pub(crate) const SCRATCH_KEEP_MAX_BYTES: usize = 1 << 20;

/// How often one message may paint the whole desktop, counted in pixels. What covers much in few
/// bytes must not keep us busy for long.
pub(crate) const REPAINTS_MAX: u64 = 8;

/// Pointer pictures that the server may store here; what we announce (`[MS-RDPBCGR]` 2.2.7.1.5).
pub(crate) const POINTERS_MAX: usize = 32;

/// Longest side of a pointer picture, in pixels (`[MS-RDPBCGR]` 2.2.7.2.7).
pub(crate) const POINTER_SIDE_MAX_PX: u16 = 384;

/// Longest message on the channel of dynamic channels, in bytes. Its PDUs have at most 1600.
pub(crate) const DYNAMIC_PDU_MAX_BYTES: usize = 1 << 16;

/// Longest message on display control's dynamic channel, in bytes; those that servers send there
/// have dozens.
pub(crate) const DISPLAY_CONTROL_MAX_BYTES: usize = 1 << 14;

/// Longest message on the channel of devices, in bytes. The longest ones write to files.
pub(crate) const DEVICE_MESSAGE_MAX_BYTES: usize = (4 << 20) + 4096;

/// Dynamic channels that may be open at a time.
pub(crate) const DYNAMIC_CHANNELS_MAX: usize = 16;

/// Longest message on the clipboard channel, in bytes, beside the content that was asked for: lists
/// of formats have some thousands.
pub(crate) const CLIPBOARD_MESSAGE_MAX_BYTES: usize = 1 << 16;

/// Files that one copy may have, folders included.
pub(crate) const CLIPBOARD_FILES_MAX: usize = 100;

/// Bytes that the files of one copy on the server may have together. Nobody is asked before they
/// are read.
pub(crate) const CLIPBOARD_FILES_MAX_BYTES: u64 = 256 << 20;

/// Bytes of a file that are asked for at a time.
pub(crate) const CLIPBOARD_RANGE_BYTES: u32 = 64 << 10;

/// Questions of the server's for pieces of files that wait, lists of files that it keeps from being
/// forgotten, and bytes of a piece that it gets.
pub(crate) const CLIPBOARD_QUESTIONS_MAX: usize = 16;
/// See [`CLIPBOARD_QUESTIONS_MAX`].
pub(crate) const CLIPBOARD_LOCKS_MAX: usize = 8;
/// See [`CLIPBOARD_QUESTIONS_MAX`].
pub(crate) const CLIPBOARD_PIECE_MAX_BYTES: usize = 1 << 20;

/// Fingers that can be down, and one more than their largest number.
pub(crate) const TOUCHES_MAX: u8 = 10;

/// Longest message about touches that a server sends, in bytes.
pub(crate) const TOUCH_MESSAGE_MAX_BYTES: usize = 256;

/// Keys that can be down at a time. A further one lets go of the oldest.
pub(crate) const KEYS_DOWN_MAX: usize = 64;

/// Notches of the wheel that one turn may send.
pub(crate) const NOTCHES_MAX: u16 = 10;

/// Longest name, address or user name in a redirection, in bytes of UTF-8.
pub(crate) const REDIRECTION_NAME_MAX_BYTES: usize = 512;

/// Longest password or cookie in a redirection, in bytes.
pub(crate) const REDIRECTION_FIELD_MAX_BYTES: usize = 4096;

/// Longest token for a load balancer, in bytes: what fits in a connection request.
pub(crate) const ROUTING_TOKEN_MAX_BYTES: usize = 238;

/// Shortest and longest side of a desktop that a server makes for us, in pixels
/// (`[MS-RDPEDISP]` 2.2.2.2.1).
pub(crate) const DESKTOP_SIDE_MIN_PX: u16 = 200;
/// See [`DESKTOP_SIDE_MIN_PX`].
pub(crate) const DESKTOP_SIDE_MAX_PX: u16 = 8192;
