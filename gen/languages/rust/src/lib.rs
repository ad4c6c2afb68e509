// SPDX-License-Identifier: Apache-2.0
//! Clients of mlTrainer's services, made from its .proto files by tonic and prost when the crate is built.

pub mod registry {
    pub mod v1 {
        tonic::include_proto!("mltrainer.registry.v1");
    }
}
pub mod execution {
    pub mod v1 {
        tonic::include_proto!("mltrainer.execution.v1");
    }
}
pub mod diagram {
    pub mod v1 {
        tonic::include_proto!("mltrainer.diagram.v1");
    }
}
pub mod admin {
    pub mod v1 {
        tonic::include_proto!("mltrainer.admin.v1");
    }
}
