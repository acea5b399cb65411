// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AEAD driver as bad as they come: "cipe-faulty-gcm", an implementation of
 * gcm(aes) in the manner of drivers for accelerators, that does what
 * /sys/module/cipe_faulty/parameters/mode says:
 *
 *	0  right, at once
 *	1  right, later (delay_ms), in order
 *	2  right, later, the last first
 *	3  right, now and then later, now and then at once
 *	4  an error at once
 *	5  an error later
 *	6  one bit of the result flipped
 *	7  any tag is a good one
 *	8  right, later, with a queue of four: others wait behind it if they may
 *	9  another nonce than asked for: it understands only itself
 *	10 refuses, whoever would wait
 *
 * For tests only.
 */
#include <crypto/internal/aead.h>
#include <crypto/scatterwalk.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define FAULTY_IV 12
#define FAULTY_QUEUE 4

enum {
	RIGHT, LATER, BACKWARDS, MIXED, FAIL, FAIL_LATER, FLIP, ANY_TAG, BUSY,
	OWN_WAY, REFUSE,
};

static uint mode;
module_param(mode, uint, 0644);
MODULE_PARM_DESC(mode, "what to do with a request");

static uint delay_ms = 5;
module_param(delay_ms, uint, 0644);
MODULE_PARM_DESC(delay_ms, "how late \"later\" is");

static bool accelerator = true;
module_param(accelerator, bool, 0444);
MODULE_PARM_DESC(accelerator, "say that it does not run on the CPU");

static bool needs;
module_param(needs, bool, 0444);
MODULE_PARM_DESC(needs, "say that it allocates memory for requests");

struct faulty_tfm {
	struct crypto_aead *child;
};

struct faulty_request {
	struct list_head node;
	struct aead_request *req;
	bool encrypt;
	bool backlogged;
	u8 iv[FAULTY_IV];
	struct aead_request child;	/* its context follows */
};

/* Behind the first FAULTY_QUEUE of them are those that were told to wait */
static LIST_HEAD(waiting);
static unsigned int queued;
static DEFINE_SPINLOCK(waiting_lock);
static atomic_t requests = ATOMIC_INIT(0);

static void faulty_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(waiting_work, faulty_work);

static void flip(struct aead_request *req)
{
	unsigned int at = req->assoclen + req->cryptlen / 2;
	u8 octet;

	scatterwalk_map_and_copy(&octet, req->dst, at, 1, 0);
	octet ^= 4;
	scatterwalk_map_and_copy(&octet, req->dst, at, 1, 1);
}

static int run(struct aead_request *req, bool encrypt)
{
	struct faulty_tfm *ctx = crypto_aead_ctx(crypto_aead_reqtfm(req));
	struct faulty_request *rq = aead_request_ctx(req);
	int err;

	memcpy(rq->iv, req->iv, sizeof(rq->iv));
	if (READ_ONCE(mode) == OWN_WAY)
		rq->iv[0] ^= 1;
	aead_request_set_tfm(&rq->child, ctx->child);
	aead_request_set_callback(&rq->child, 0, NULL, NULL);
	aead_request_set_ad(&rq->child, req->assoclen);
	aead_request_set_crypt(&rq->child, req->src, req->dst, req->cryptlen,
			       rq->iv);
	err = encrypt ? crypto_aead_encrypt(&rq->child) :
			crypto_aead_decrypt(&rq->child);
	switch (READ_ONCE(mode)) {
	case FAIL:
	case FAIL_LATER:
		return -EIO;
	case FLIP:
		if (!err && encrypt)
			flip(req);
		return err;
	case ANY_TAG:
		return err == -EBADMSG ? 0 : err;
	}
	return err;
}

/* Take what is in the queue; what waited behind it, as many as fit, is told, with
 * the lock held, as by some drivers, and is next
 */
static void take(struct list_head *list)
{
	struct faulty_request *rq, *next;
	unsigned int n = 0;

	spin_lock_bh(&waiting_lock);
	list_for_each_entry_safe(rq, next, &waiting, node) {
		if (!rq->backlogged) {
			list_move_tail(&rq->node, list);
			queued--;
		} else if (n++ < FAULTY_QUEUE) {
			rq->backlogged = false;
			aead_request_complete(rq->req, -EINPROGRESS);
		}
	}
	if (!list_empty(&waiting))
		schedule_delayed_work(&waiting_work, msecs_to_jiffies(1));
	spin_unlock_bh(&waiting_lock);
}

static void faulty_work(struct work_struct *work)
{
	struct faulty_request *rq, *next;
	LIST_HEAD(list);
	int err;

	take(&list);
	list_for_each_entry_safe(rq, next, &list, node) {
		struct aead_request *req = rq->req;

		err = run(req, rq->encrypt);
		/* BH are on, as with some drivers */
		aead_request_complete(req, err);
	}
}

/* In a queue of @length */
static int later(struct aead_request *req, bool encrypt, unsigned int length)
{
	struct faulty_request *rq = aead_request_ctx(req);
	bool full;

	spin_lock_bh(&waiting_lock);
	full = queued >= length;
	if (full && !(req->base.flags & CRYPTO_TFM_REQ_MAY_BACKLOG)) {
		spin_unlock_bh(&waiting_lock);
		return -EBUSY;	/* as some drivers; others say -ENOSPC */
	}
	queued++;
	rq->req = req;
	rq->encrypt = encrypt;
	rq->backlogged = full;
	if (READ_ONCE(mode) == BACKWARDS)
		list_add(&rq->node, &waiting);
	else
		list_add_tail(&rq->node, &waiting);
	spin_unlock_bh(&waiting_lock);
	schedule_delayed_work(&waiting_work, msecs_to_jiffies(delay_ms));
	return full ? -EBUSY : -EINPROGRESS;
}

static int submit(struct aead_request *req, bool encrypt)
{
	switch (READ_ONCE(mode)) {
	case LATER:
	case BACKWARDS:
	case FAIL_LATER:
		return later(req, encrypt, UINT_MAX);
	case MIXED:
		if (atomic_inc_return(&requests) % 3)
			return later(req, encrypt, UINT_MAX);
		break;
	case REFUSE:
		return req->base.flags & CRYPTO_TFM_REQ_MAY_BACKLOG ? -ENOSPC : -EBUSY;
	case BUSY:
		return later(req, encrypt, FAULTY_QUEUE);
	}
	return run(req, encrypt);
}

static int faulty_encrypt(struct aead_request *req)
{
	return submit(req, true);
}

static int faulty_decrypt(struct aead_request *req)
{
	return submit(req, false);
}

static int faulty_setkey(struct crypto_aead *tfm, const u8 *key, unsigned int len)
{
	struct faulty_tfm *ctx = crypto_aead_ctx(tfm);

	return crypto_aead_setkey(ctx->child, key, len);
}

static int faulty_setauthsize(struct crypto_aead *tfm, unsigned int size)
{
	struct faulty_tfm *ctx = crypto_aead_ctx(tfm);

	return crypto_aead_setauthsize(ctx->child, size);
}

static int faulty_init(struct crypto_aead *tfm)
{
	struct faulty_tfm *ctx = crypto_aead_ctx(tfm);

	/* The CPU's, that finishes at once */
	ctx->child = crypto_alloc_aead("gcm(aes)", 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(ctx->child))
		return PTR_ERR(ctx->child);
	crypto_aead_set_reqsize(tfm, sizeof(struct faulty_request) +
				crypto_aead_reqsize(ctx->child));
	return 0;
}

static void faulty_exit(struct crypto_aead *tfm)
{
	struct faulty_tfm *ctx = crypto_aead_ctx(tfm);

	crypto_free_aead(ctx->child);
}

static struct aead_alg faulty = {
	.setkey = faulty_setkey,
	.setauthsize = faulty_setauthsize,
	.encrypt = faulty_encrypt,
	.decrypt = faulty_decrypt,
	.init = faulty_init,
	.exit = faulty_exit,
	.ivsize = FAULTY_IV,
	.maxauthsize = 16,
	.base = {
		.cra_name = "gcm(aes)",
		.cra_driver_name = "cipe-faulty-gcm",
		.cra_priority = 9000,
		.cra_flags = CRYPTO_ALG_ASYNC | CRYPTO_ALG_KERN_DRIVER_ONLY,
		.cra_blocksize = 1,
		.cra_ctxsize = sizeof(struct faulty_tfm),
		.cra_module = THIS_MODULE,
	},
};

static int __init cipe_faulty_init(void)
{
	if (!accelerator)
		faulty.base.cra_flags &= ~CRYPTO_ALG_KERN_DRIVER_ONLY;
	if (needs)
		faulty.base.cra_flags |= CRYPTO_ALG_ALLOCATES_MEMORY;
	return crypto_register_aead(&faulty);
}

static void __exit cipe_faulty_exit(void)
{
	crypto_unregister_aead(&faulty);
	flush_delayed_work(&waiting_work);
}

module_init(cipe_faulty_init);
module_exit(cipe_faulty_exit);
MODULE_DESCRIPTION("A faulty cipher driver, for tests of CIPE");
MODULE_LICENSE("GPL");
