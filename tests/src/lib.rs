//! What the integration tests share: running the binary, and the places of the workspace.
