// express-session with connect-redis: `node server.js bare|plain redis://…`. Prints its port, then serves.
//
// The options are those that the two READMEs recommend; connect-redis prolongs a session at every request. `bare` is
// express without sessions, to tell what the session adds.

import { randomBytes } from "node:crypto";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";

const [kind, url] = process.argv.slice(2);
const app = express();

if (kind === "plain") {
  const client = createClient({ url });
  await client.connect();
  app.use(
    session({
      store: new RedisStore({ client }),
      secret: randomBytes(32).toString("hex"),
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 30 * 60 * 1000, sameSite: "lax" },
    }),
  );
  app.post("/login/:user", (request, response) => {
    request.session.user = request.params.user;
    response.send("ok\n");
  });
  app.get("/", (request, response) => {
    if (request.session.user) response.send("ok\n");
    else response.sendStatus(401);
  });
} else if (kind === "bare") {
  app.post("/login/:user", (_, response) => response.send("ok\n"));
  app.get("/", (_, response) => response.send("ok\n"));
} else {
  throw new Error(`${kind}: neither bare nor plain`);
}

const listening = app.listen(0, "127.0.0.1", () => console.log(listening.address().port));
