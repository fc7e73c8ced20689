//! Frames on a stream: four bytes of length, big endian, then that many bytes. The cap is checked before anything is allocated, and the
//! buffer grows with what arrives, so that a peer that only claims a length costs nothing.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};

/// The protocol of calls.
pub(crate) const SYNC_PROTOCOL: StreamProtocol = StreamProtocol::new(PROTOCOL);
/// What stations speak with each other, with its version.
pub const PROTOCOL: &str = "/anju/sync/1";
/// Longest question, in bytes: a list of sizes for every centre fits, with room.
pub const REQUEST_MAX_BYTES: usize = 64 * 1024;
/// Longest payload of an answer, in bytes: what one journal frame may hold.
const ANSWER_PAYLOAD_MAX_BYTES: usize = 1024 * 1024;
/// Room for what stands around that payload: names, proof, checkpoint, cosignatures.
const ANSWER_SLACK_BYTES: usize = 16 * 1024;
/// Longest answer, in bytes.
pub const RESPONSE_MAX_BYTES: usize = ANSWER_PAYLOAD_MAX_BYTES + ANSWER_SLACK_BYTES;

/// Reads and writes the frames; counts those that were too long, which libp2p reports to nobody when they come in as a question.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrameCodec {
    oversized: Arc<AtomicU64>,
}

impl FrameCodec {
    /// How many frames were too long since this was last asked.
    pub(crate) fn take_oversized(&self) -> u64 {
        self.oversized.swap(0, Ordering::Relaxed)
    }

    async fn read<T: AsyncRead + Unpin + Send>(&self, io: &mut T, max: usize) -> io::Result<Vec<u8>> {
        let frame = read_frame(io, max).await;
        if frame.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::InvalidData) {
            self.oversized.fetch_add(1, Ordering::Relaxed);
        }
        frame
    }
}

/// Reads one frame of at most `max` bytes. `InvalidData`: it claims more. `UnexpectedEof`: it ended early.
async fn read_frame<T: AsyncRead + Unpin + Send>(io: &mut T, max: usize) -> io::Result<Vec<u8>> {
    let mut prefix = [0; 4];
    io.read_exact(&mut prefix).await?;
    let len = u32::from_be_bytes(prefix);
    if usize::try_from(len).map_or(true, |len| len > max) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame too long"));
    }
    let mut body = Vec::new();
    io.take(u64::from(len)).read_to_end(&mut body).await?;
    if body.len() == len as usize { Ok(body) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

async fn write_frame<T: AsyncWrite + Unpin + Send>(io: &mut T, body: &[u8], max: usize) -> io::Result<()> {
    let len = u32::try_from(body.len()).ok().filter(|_| body.len() <= max);
    let len = len.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "frame too long"))?;
    io.write_all(&len.to_be_bytes()).await?;
    io.write_all(body).await?;
    io.flush().await
}

impl request_response::Codec for FrameCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>> {
        self.read(io, REQUEST_MAX_BYTES).await
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>> {
        self.read(io, RESPONSE_MAX_BYTES).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T, body: Vec<u8>) -> io::Result<()> {
        write_frame(io, &body, REQUEST_MAX_BYTES).await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T, body: Vec<u8>) -> io::Result<()> {
        write_frame(io, &body, RESPONSE_MAX_BYTES).await
    }
}

#[cfg(test)]
mod tests {
    use futures::{executor::block_on, io::Cursor};

    use super::*;

    #[test]
    fn a_frame_at_the_cap_is_read_and_one_byte_more_is_refused_by_its_length_alone() {
        let mut bytes = Cursor::new(Vec::new());
        block_on(write_frame(&mut bytes, &[7; 100], 100)).unwrap();
        assert!(block_on(write_frame(&mut bytes, &[7; 101], 100)).is_err());
        let bytes = bytes.into_inner();
        assert_eq!(bytes.len(), 104);
        assert_eq!(block_on(read_frame(&mut Cursor::new(&bytes), 100)).unwrap(), [7; 100]);
        let codec = FrameCodec::default();
        let refused = block_on(codec.read(&mut Cursor::new(101u32.to_be_bytes()), 100)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        assert_eq!((codec.take_oversized(), codec.take_oversized()), (1, 0));
    }

    #[test]
    fn a_frame_that_ends_early_is_refused() {
        for bytes in [&[][..], &[0, 0], &[0, 0, 0, 2, 1]] {
            let refused = block_on(read_frame(&mut Cursor::new(bytes), 100)).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
