import asyncio, json, pytest
from datetime import timedelta, datetime, UTC
from router.model import *
from router.errors import *
from router.promises import Q as PQ
def arr(house, key, **kw):
    return Arrival(channel=kw.pop("channel",Channel.WEB), dedupe_key=key, received_at=house.clock.now(), text=kw.pop("text","hej"), **kw)

async def test_deadlock(house):
    r = await house.reception.receive(arr(house,"k1",phone="+4520304050",callback=CallbackWish("+4520304050")))
    house.clock.advance(timedelta(days=10))
    pid = await house.ledger.fetchval("select id from promises where contact_id=$1", r.contact_id)
    # the staff's step holds the contact, and is about to write its promise
    started=asyncio.Event()
    orig = house.promises._store
    async def slow(*a):
        started.set()
        await asyncio.sleep(0.5)
        await orig(*a)
    async def staff():
        async with house.promises._held(pid) as (c, contact, promise):
            started.set(); await asyncio.sleep(0.5)
            await c.execute("update promises set version=version+1 where id=$1", pid)
    async def clock():
        await started.wait()
        return await house.promises.fire_due()
    res = await asyncio.gather(staff(), clock(), return_exceptions=True)
    print(res)
    assert not [x for x in res if isinstance(x, Exception)]

async def test_window_check(house):
    r = await house.reception.receive(arr(house,"CA1",channel=Channel.PHONE,phone="+4520304050"))
    pid = await house.ledger.fetchval("select id from promises where contact_id=$1", r.contact_id)
    now=house.clock.now()
    await house.promises.reschedule(pid,"staff:x",now+timedelta(days=9),now+timedelta(days=9,hours=2))
    await house.reception.receive(arr(house,"CA1:hung_up",channel=Channel.PHONE,phone="+4520304050",reference=r.reference,callback=CallbackWish("+4520304050")))
    print(await house.promises.row(pid))

async def test_api_overflow(client):
    for cb in ({"until":"9999-12-31T23:59:59-12:00"},{"from":"0001-01-01T00:00:00+14:00"},{"from":"0001-01-01T00:00:00Z","until":"2026-11-24T12:00:00Z"},{"from":"9999-12-31T23:59:59-12:00"}):
        a = await client.post("/api/v1/contacts", json={"text":"hej","callback":{"phone":"20304050",**cb}})
        print(cb, a.status, await a.text())

async def test_nul_staff(client):
    h={"Authorization":"Bearer a token that only tests know"}
    for p in ("/api/v1/staff/contacts/%00","/api/v1/staff/contacts/%ED%A0%80","/api/v1/staff/promises?cursor=WyIyMDI2LTExLTIzVDEwOjAwOjAwWiIsMTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwXQ","/api/v1/staff/contacts/%00/files/1", "/api/v1/staff/contacts?cursor=999999999999999999","/api/v1/contacts/%00","/%00","/api/v1/staff/promises?cursor=%00&due_before=0001-01-01T00:00%2B14:00","/api/v1/staff/events/%00"):
        a = await client.get(p,headers=h); print(p,a.status)
    a= await client.post("/api/v1/staff/contacts/%00/note",headers=h,json={"text":"x"}); print(a.status)
    a= await client.post("/api/v1/staff/promises/1/claim",headers=h,data=b"\xff",); print(a.status, await a.text())
    a= await client.post("/api/v1/staff/promises/999999999999999999/attempt",headers=h,json={"result":"reached"}); print(a.status, await a.text())

async def test_encodings(client):
    for ce in ("gzip","deflate","br","zstd","x"):
        a = await client.post("/api/v1/contacts", data=b"not compressed", headers={"Content-Type":"application/json","Content-Encoding":ce}); print(ce,a.status)
    import zlib
    bomb = zlib.compress(b" "*200_000_000, 9)
    import time; s=time.time()
    a = await client.post("/api/v1/contacts", data=bomb, headers={"Content-Type":"application/json","Content-Encoding":"deflate"}); print("bomb",len(bomb),a.status,time.time()-s)
    a = await client.post("/", data="text=%ED%A0%80&email=a%00b", headers={"Content-Type":"application/x-www-form-urlencoded; charset=nonsense"}); print(a.status)
    a = await client.post("/api/v1/contacts", data=b"{}", headers={"Content-Type":"application/json; charset=utf-16"}); print(a.status)
    a = await client.post("/api/v1/contacts", data=b'{"text":"\\ud800"}', headers={"Content-Type":"application/json"}); print(a.status, await a.text())
    a = await client.post("/api/v1/contacts", json={"text":"x","email":"a@"+"æ"*240}, headers={"Content-Type":"application/json"}); print(a.status)
    a = await client.post("/api/v1/contacts", data=b"["*100000, headers={"Content-Type":"application/json"}); print(a.status)
    a = await client.post("/desk/login", data=b"--x\r\n", headers={"Content-Type":"multipart/form-data; boundary=y"}); print("desk multipart",a.status)
    a = await client.post("/desk/login", data=b"--x\r\n", headers={"Content-Type":"multipart/form-data"}); print("desk multipart nb",a.status)
    a = await client.post("/desk/login", data=b"csrf=1", headers={"Content-Type":"application/x-www-form-urlencoded; charset=nonsense"}); print("desk charset",a.status)
    a = await client.post("/desk/login", data=b"csrf=\xff", headers={"Content-Type":"application/x-www-form-urlencoded"}); print("desk bytes",a.status)
    a = await client.post("/desk/contacts/1/note", data=b"csrf=\xff", headers={"Content-Type":"application/x-www-form-urlencoded"}); print("desk bytes",a.status)
    a = await client.post("/desk/new", data=b"csrf=%ff", headers={"Content-Type":"application/x-www-form-urlencoded; charset=nonsense"}); print("desk new",a.status)
    for p in ("/desk/login?next=//evil.dk","/desk?cursor=%00","/desk/queue?department=%00","/?lang=%00","/status?x=%ED%A0%80"):
        a = await client.get(p, allow_redirects=False); print(p,a.status)

async def test_dataerror(house):
    import asyncpg
    for args in (("select $1::int","x"),("select $1::bigint",2**70),("select $1::text","\ud800"),("select $1::text","\0"),("select $1::int",),("select $1::jsonb",{"a":"\0"})):
        try:
            await house.ledger.fetch(*args)
        except Exception as e:
            print(args[0], repr(type(e)), type(e).__mro__[:4])
