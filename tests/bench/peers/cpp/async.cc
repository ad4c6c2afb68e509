// SPDX-License-Identifier: Apache-2.0

#include "greeters.h"

using helloworld::Greeter;
using helloworld::HelloReply;
using helloworld::HelloRequest;

namespace {

struct Call {
    virtual ~Call() = default;
    virtual void Proceed(bool ok) = 0;
};

class Unary : public Call {
public:
    Unary(Greeter::AsyncService *service, grpc::ServerCompletionQueue *queue)
        : service_(service), queue_(queue), responder_(&context_)
    {
        service_->RequestSayHello(&context_, &request_, &responder_, queue_, queue_, this);
    }

    void Proceed(bool ok) override
    {
        if (answered_ || !ok) {
            delete this;
            return;
        }
        new Unary(service_, queue_);
        reply_.set_message(request_.name());
        answered_ = true;
        responder_.Finish(reply_, grpc::Status::OK, this);
    }

private:
    Greeter::AsyncService *service_;
    grpc::ServerCompletionQueue *queue_;
    grpc::ServerContext context_;
    HelloRequest request_;
    HelloReply reply_;
    grpc::ServerAsyncResponseWriter<HelloReply> responder_;
    bool answered_ = false;
};

class Stream : public Call {
public:
    Stream(Greeter::AsyncService *service, grpc::ServerCompletionQueue *queue)
        : service_(service), queue_(queue), writer_(&context_)
    {
        service_->RequestSayHelloStreamReply(&context_, &request_, &writer_, queue_, queue_, this);
    }

    void Proceed(bool ok) override
    {
        if (finished_ || !ok) {
            delete this;
            return;
        }
        if (sent_ == 0) {
            new Stream(service_, queue_);
            reply_.set_message(request_.name());
        }
        if (sent_++ < kReplies) {
            writer_.Write(reply_, this);
            return;
        }
        finished_ = true;
        writer_.Finish(grpc::Status::OK, this);
    }

private:
    Greeter::AsyncService *service_;
    grpc::ServerCompletionQueue *queue_;
    grpc::ServerContext context_;
    HelloRequest request_;
    HelloReply reply_;
    grpc::ServerAsyncWriter<HelloReply> writer_;
    int sent_ = 0;
    bool finished_ = false;
};

} // namespace

void serve_async(grpc::ServerBuilder &builder)
{
    Greeter::AsyncService service;
    builder.RegisterService(&service);
    std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    for (int i = 0; i < 100; i++)
        new Unary(&service, queue.get());
    new Stream(&service, queue.get());
    void *tag;
    bool ok;
    while (queue->Next(&tag, &ok))
        static_cast<Call *>(tag)->Proceed(ok);
}
