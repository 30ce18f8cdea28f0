-- Asks one request again and again: wrk ... -s one_request.lua URL -- FILE CONTENT_TYPE ACCEPT
-- Prints how many were answered, in how many seconds, and how many of them otherwise than well.
function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  wrk.method, wrk.body = "POST", file:read("*a")
  wrk.headers["Content-Type"], wrk.headers["Accept"] = arguments[2], arguments[3]
  file:close()
  asked = wrk.format()
end

function request()
  return asked
end

function done(summary)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("ANSWERED %d %f %d", summary.requests, summary.duration / 1e6, failed))
end
