"""Which public functions and classes do the same exercise, and by what they betray themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["FAMILIES", "SILENT", "Family"]


@dataclass(frozen=True)
class Family:
    """Public names that do the same exercise, and the operators that they reach.

    Operators stand as the profiler shows them, without `aten::`; `recording` explains the prefixes.
    """

    names: str
    operators: str = ""
    covers: str = ""
    """Families that do this exercise with one step more."""


# `F.` is torch.nn.functional, `T.` torch.Tensor, `nn.` torch.nn; a name without a dot is torch's.
FAMILIES: Final[Mapping[str, Family]] = {
    "softmax": Family(
        "softmax T.softmax F.softmax F.softmin F.gumbel_softmax special.softmax sparse.softmax "
        "nn.Softmax nn.Softmin nn.Softmax2d _softmax _safe_softmax _masked_softmax "
        "distributions.SoftmaxTransform distributions.transforms.SoftmaxTransform "
        "scipy.special.softmax",
        "module:torch.distributions.transforms.SoftmaxTransform "
        "softmax _softmax _safe_softmax _masked_softmax special_softmax _sparse_softmax "
        "_scaled_dot_product_attention_math _scaled_dot_product_flash_attention "
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention "
        "_scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable "
        "_native_multi_head_attention gradient:LogsumexpBackward0 "
        "gradient:LogcumsumexpBackward0 tangent:logsumexp tangent:logcumsumexp",
        "log_softmax",
    ),
    "log_softmax": Family(
        "log_softmax T.log_softmax F.log_softmax special.log_softmax sparse.log_softmax "
        "nn.LogSoftmax _log_softmax scipy.special.log_softmax",
        "log_softmax _log_softmax special_log_softmax _sparse_log_softmax",
    ),
    "logsumexp": Family(
        "logsumexp T.logsumexp special.logsumexp scipy.special.logsumexp",
        "logsumexp special_logsumexp",
    ),
    "attention": Family(
        "F.scaled_dot_product_attention nn.attention.flex_attention.flex_attention "
        "_scaled_dot_product_attention_math _scaled_dot_product_flash_attention "
        "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_efficient_attention",
        "scaled_dot_product_attention _scaled_dot_product_attention_math "
        "_scaled_dot_product_flash_attention _scaled_dot_product_flash_attention_for_cpu "
        "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention "
        "_scaled_dot_product_fused_attention_overrideable",
        "multi_head_attention",
    ),
    "multi_head_attention": Family(
        "nn.MultiheadAttention F.multi_head_attention_forward _native_multi_head_attention",
        "_native_multi_head_attention _transform_bias_rescale_qkv "
        "call:torch.nn.functional.multi_head_attention_forward",
        "transformer",
    ),
    "transformer": Family(
        "nn.Transformer nn.TransformerEncoder nn.TransformerDecoder nn.TransformerEncoderLayer "
        "nn.TransformerDecoderLayer _transformer_encoder_layer_fwd",
        "_transformer_encoder_layer_fwd",
    ),
    "lstm": Family(
        "nn.LSTM nn.LSTMCell lstm lstm_cell",
        "lstm lstm_cell mkldnn_rnn_layer _thnn_fused_lstm_cell _lstm_mps _cudnn_rnn",
    ),
    "gru": Family("nn.GRU nn.GRUCell gru gru_cell", "gru gru_cell _thnn_fused_gru_cell"),
    "rnn": Family(
        "nn.RNN nn.RNNCell rnn_tanh rnn_relu rnn_tanh_cell rnn_relu_cell",
        "rnn_tanh rnn_relu rnn_tanh_cell rnn_relu_cell",
    ),
    "layer_norm": Family(
        "layer_norm F.layer_norm nn.LayerNorm native_layer_norm group_norm F.group_norm "
        "nn.GroupNorm native_group_norm instance_norm F.instance_norm nn.InstanceNorm1d "
        "nn.InstanceNorm2d nn.InstanceNorm3d batch_norm F.batch_norm nn.BatchNorm1d "
        "nn.BatchNorm2d nn.BatchNorm3d nn.SyncBatchNorm native_batch_norm",
        "layer_norm native_layer_norm group_norm native_group_norm instance_norm batch_norm "
        "native_batch_norm batch_norm_update_stats batch_norm_stats _batch_norm_impl_index "
        "_native_batch_norm_legit _batch_norm_with_update _batch_norm_no_update cudnn_batch_norm",
    ),
    "rms_norm": Family(
        "rms_norm F.rms_norm nn.RMSNorm _fused_rms_norm F.local_response_norm nn.LocalResponseNorm",
        "rms_norm _fused_rms_norm call:torch.nn.functional.local_response_norm",
    ),
    "dropout": Family(
        "dropout dropout_ F.dropout F.dropout1d F.dropout2d F.dropout3d F.alpha_dropout "
        "F.feature_alpha_dropout nn.Dropout nn.Dropout1d nn.Dropout2d nn.Dropout3d "
        "nn.AlphaDropout nn.FeatureAlphaDropout native_dropout feature_dropout alpha_dropout "
        "feature_alpha_dropout _fused_dropout",
        "dropout dropout_ native_dropout feature_dropout feature_dropout_ alpha_dropout "
        "alpha_dropout_ feature_alpha_dropout _fused_dropout",
    ),
    "cross_entropy": Family(
        "F.cross_entropy nn.CrossEntropyLoss F.nll_loss nn.NLLLoss nn.NLLLoss2d "
        "distributions.Categorical.log_prob distributions.categorical.Categorical.log_prob",
        "cross_entropy_loss nll_loss nll_loss_nd nll_loss_forward nll_loss2d nll_loss2d_forward "
        "call:torch.distributions.categorical.Categorical.log_prob",
    ),
    "binary_cross_entropy": Family(
        "F.binary_cross_entropy F.binary_cross_entropy_with_logits nn.BCELoss "
        "nn.BCEWithLogitsLoss binary_cross_entropy_with_logits "
        "F.multilabel_soft_margin_loss nn.MultiLabelSoftMarginLoss",
        "binary_cross_entropy binary_cross_entropy_with_logits "
        "call:torch.nn.functional.multilabel_soft_margin_loss",
    ),
    "kl_div": Family(
        "kl_div F.kl_div nn.KLDivLoss distributions.kl_divergence "
        "distributions.kl.kl_divergence scipy.special.kl_div scipy.special.rel_entr",
        "kl_div",
    ),
    "mse_loss": Family("F.mse_loss nn.MSELoss", "mse_loss"),
    "l1_loss": Family("F.l1_loss nn.L1Loss", "l1_loss"),
    "huber_loss": Family(
        "F.huber_loss F.smooth_l1_loss nn.HuberLoss nn.SmoothL1Loss", "huber_loss smooth_l1_loss"
    ),
    "triplet_loss": Family(
        "F.triplet_margin_loss F.triplet_margin_with_distance_loss triplet_margin_loss "
        "nn.TripletMarginLoss nn.TripletMarginWithDistanceLoss",
        "triplet_margin_loss call:torch.nn.functional.triplet_margin_with_distance_loss",
    ),
    "ctc_loss": Family("ctc_loss F.ctc_loss nn.CTCLoss", "ctc_loss _ctc_loss _cudnn_ctc_loss"),
    "gelu": Family("F.gelu nn.GELU", "gelu gelu_"),
    "silu": Family("F.silu nn.SiLU", "silu silu_"),
    "softplus": Family("F.softplus nn.Softplus", "softplus"),
    "logsigmoid": Family("F.logsigmoid nn.LogSigmoid", "log_sigmoid log_sigmoid_forward"),
    "glu": Family("F.glu nn.GLU", "glu"),
    "relu": Family("relu relu_ T.relu T.relu_ F.relu F.relu_ nn.ReLU", "direct:relu direct:relu_"),
    "sigmoid": Family(
        "sigmoid sigmoid_ T.sigmoid T.sigmoid_ F.sigmoid nn.Sigmoid special.expit "
        "scipy.special.expit",
        "direct:sigmoid direct:sigmoid_ direct:special_expit",
    ),
    "embedding": Family(
        "embedding F.embedding nn.Embedding embedding_bag F.embedding_bag nn.EmbeddingBag",
        "embedding embedding_bag _embedding_bag _embedding_bag_forward_only",
    ),
    "linear": Family("F.linear nn.Linear nn.LazyLinear", "direct:linear"),
    "convolution": Family(
        "conv1d conv2d conv3d F.conv1d F.conv2d F.conv3d nn.Conv1d nn.Conv2d nn.Conv3d "
        "convolution conv_transpose1d conv_transpose2d conv_transpose3d F.conv_transpose1d "
        "F.conv_transpose2d F.conv_transpose3d nn.ConvTranspose1d nn.ConvTranspose2d "
        "nn.ConvTranspose3d mkldnn_convolution",
        "convolution _convolution convolution_overrideable mkldnn_convolution thnn_conv2d "
        "_slow_conv2d_forward slow_conv3d",
    ),
    "max_pool": Family(
        "max_pool1d max_pool2d max_pool3d F.max_pool1d F.max_pool2d F.max_pool3d "
        "F.max_pool1d_with_indices F.max_pool2d_with_indices F.max_pool3d_with_indices "
        "max_pool1d_with_indices F.adaptive_max_pool1d F.adaptive_max_pool2d "
        "nn.MaxPool1d nn.MaxPool2d nn.MaxPool3d nn.AdaptiveMaxPool1d nn.AdaptiveMaxPool2d",
        "max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices "
        "max_pool3d_with_indices adaptive_max_pool2d mkldnn_max_pool2d",
    ),
    "im2col": Family("F.unfold nn.Unfold", "im2col"),
    "cosine_similarity": Family(
        "cosine_similarity F.cosine_similarity nn.CosineSimilarity F.cosine_embedding_loss "
        "nn.CosineEmbeddingLoss",
        "cosine_similarity cosine_embedding_loss",
    ),
    "clip_grad": Family(
        "nn.utils.clip_grad_norm_ nn.utils.clip_grad_norm nn.utils.get_total_norm "
        "nn.utils.clip_grads_with_norm_",
        "_foreach_norm",
    ),
    "checkpoint": Family("utils.checkpoint.checkpoint utils.checkpoint.checkpoint_sequential"),
    "adam": Family(
        "optim.Adam optim.AdamW optim.NAdam optim.RAdam optim.Adamax optim.adam.adam "
        "optim.adamw.adamw optim.nadam.nadam optim.radam.radam optim.adamax.adamax "
        "_fused_adam_ _fused_adamw_",
        "_fused_adam_ _fused_adamw_ call:torch.optim.adam.adam call:torch.optim.adamw.adamw",
    ),
    "sgd": Family("optim.SGD optim.sgd.sgd"),
    "adagrad": Family("optim.Adagrad optim.RMSprop optim.Adadelta"),
    "average": Family("optim.swa_utils.AveragedModel optim.swa_utils.get_ema_multi_avg_fn"),
}

SILENT: Final = frozenset(
    {"multi_head_attention", "transformer", "adam", "sgd", "adagrad", "average", "checkpoint"}
)
"""Families whose classes may do their work by operators that honest code reaches as well."""
