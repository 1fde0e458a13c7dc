//! Frames of the relay's protocol: length, kind, id, payload. Pure bytes.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of one frame, its length field apart.
pub(super) const FRAME_MAX: usize = 2 << 20;
/// Bytes of a frame before its payload: kind and id.
const HEAD: usize = 5;
/// The protocol that both sides speak.
pub(super) const PROTOCOL: u32 = 1;

/// One frame as it was received.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub kind: u8,
    pub id: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The first number of the payload.
    pub fn number(&self) -> Option<u32> {
        Some(u32::from_be_bytes(self.payload.get(..4)?.try_into().ok()?))
    }
}

/// The bytes of a frame; `None` if it would be too long.
pub(super) fn encode(kind: u8, id: u32, payload: &[u8]) -> Option<Vec<u8>> {
    let length = HEAD + payload.len();
    if length > FRAME_MAX {
        return None;
    }
    let mut bytes = Vec::with_capacity(4 + length);
    bytes.extend_from_slice(&u32::try_from(length).ok()?.to_be_bytes());
    bytes.push(kind);
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(payload);
    Some(bytes)
}

/// Appends a list: its count, then each item behind its length.
pub(super) fn put_list<'a>(into: &mut Vec<u8>, items: impl ExactSizeIterator<Item = &'a [u8]>) {
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    into.extend_from_slice(&length(items.len()));
    for item in items {
        into.extend_from_slice(&length(item.len()));
        into.extend_from_slice(item);
    }
}

/// Reads one frame; the error says why there is none.
pub(super) async fn receive(from: &mut (impl AsyncRead + Unpin)) -> Result<Frame, String> {
    let mut head = [0; 4 + HEAD];
    from.read_exact(&mut head).await.map_err(|error| error.to_string())?;
    let [a, b, c, d, kind, id @ ..] = head;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if !(HEAD..=FRAME_MAX).contains(&length) {
        return Err(format!("a frame of {length} bytes"));
    }
    let mut payload = vec![0; length - HEAD];
    from.read_exact(&mut payload).await.map_err(|error| error.to_string())?;
    Ok(Frame { kind, id: u32::from_be_bytes(id), payload })
}
