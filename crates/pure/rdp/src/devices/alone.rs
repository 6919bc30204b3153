//! The channel of devices without a connection around it, for tests and fuzzing: messages in, messages
//! and requests out.

use bytes::Bytes;
use porthole_remote::{DriveReply, Event, Output};

use super::Devices;
use crate::RdpError;
use crate::channels::{Channel, Chunk};
use crate::config::DeviceConfig;
use crate::framing::whole_frame;
use crate::mcs::User;
use crate::outbox::Outbox;

/// Numbers that mean nothing here.
const USER: User = User { id: 1002, io_channel: 1003 };
const CHANNEL: u16 = 1005;

/// The client's side of the channel `rdpdr`, by itself.
#[derive(Debug)]
pub struct DeviceChannel {
    devices: Devices,
    outbox: Outbox,
    arriving: Channel,
}

/// What the client has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceOutput {
    /// One whole message for the server.
    Message(Vec<u8>),
    /// For the session: mostly requests about its files.
    Event(Event),
}

impl DeviceChannel {
    /// Nothing has been said.
    pub fn new(config: &DeviceConfig) -> Self {
        Self {
            devices: Devices::new(USER, CHANNEL, config, "Porthole"),
            outbox: Outbox::default(),
            arriving: Channel::new(USER, CHANNEL, usize::MAX),
        }
    }

    /// A whole message from the server; what comes of it is the answer.
    ///
    /// # Errors
    ///
    /// It breaks its format.
    pub fn handle_message(&mut self, message: &Bytes) -> Result<Vec<DeviceOutput>, RdpError> {
        self.devices.handle(message, &mut self.outbox)?;
        self.drain()
    }

    /// What came of a request about files.
    ///
    /// # Errors
    ///
    /// What the client wrote is not a message: never.
    pub fn handle_reply(&mut self, reply: DriveReply) -> Result<Vec<DeviceOutput>, RdpError> {
        self.devices.handle_reply(reply, &mut self.outbox);
        self.drain()
    }

    fn drain(&mut self) -> Result<Vec<DeviceOutput>, RdpError> {
        let mut outputs = Vec::new();
        while let Some(output) = self.outbox.take() {
            match output {
                Output::Send(mut bytes) => {
                    while let Some((_, len)) = whole_frame(&bytes)? {
                        let packet = bytes.split_to(len);
                        if let Some(chunk) = chunk_of(&packet)
                            && let Chunk::Whole(message) = self.arriving.receive(chunk)?
                        {
                            outputs.push(DeviceOutput::Message(message));
                        }
                    }
                }
                Output::Event(event) => outputs.push(DeviceOutput::Event(event)),
                _ => {}
            }
        }
        Ok(outputs)
    }
}

/// What a packet of ours carries, behind the headers of TPKT, X.224 and MCS.
fn chunk_of(packet: &[u8]) -> Option<&[u8]> {
    packet.get(15..)
}
