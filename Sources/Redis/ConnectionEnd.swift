/// The reason that a connection ended.
enum ConnectionEnd: Equatable {
    /// A call was overdue.
    case timeout
    /// It was closed or reset, or the server sent an unexpected reply.
    case lost(RedisError)
}
