-- Asks the gateway about a request, for HAProxy: http-request lua.ask_gateway
-- Sets txn.status (0: no answer), txn.body, txn.challenge, txn.x_user and txn.x_scope.
local address = "http://127.0.0.1:9090/auth"
local handed_on = { ["x-user"] = "txn.x_user", ["x-scope"] = "txn.x_scope" }
-- What the gateway reads of the client's request; the rest is told anew below.
local read = { ["authorization"] = true, ["cookie"] = true, ["x-csrf-token"] = true, ["origin"] = true, ["accept"] = true }

local function first(headers, name)
    local values = headers and headers[name]
    return values and values[0] or ""
end

core.register_action("ask_gateway", { "http-req" }, function(txn)
    local headers = {}
    local sent = txn.http:req_get_headers()
    for name, values in pairs(sent) do
        if read[name] then
            headers[name] = {}
            -- All of them: of two Authorization headers none is to be believed.
            for place = 0, #values do
                table.insert(headers[name], values[place])
            end
        end
    end
    headers["x-original-method"] = { txn.f:method() }
    headers["x-original-uri"] = { txn.f:pathq() }
    headers["x-original-host"] = { first(sent, "host") }
    headers["x-original-upgrade"] = { first(sent, "upgrade") }

    txn:set_var("txn.status", 0)
    local answer = core.httpclient():get({ url = address, headers = headers, timeout = 5000 })
    if not answer or not answer.status then
        return
    end
    for name, variable in pairs(handed_on) do
        txn:set_var(variable, first(answer.headers, name))
    end
    txn:set_var("txn.challenge", first(answer.headers, "www-authenticate"))
    txn:set_var("txn.body", answer.body or "")
    txn:set_var("txn.status", answer.status)
end)
